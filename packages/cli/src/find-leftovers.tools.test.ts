import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readdir, utimes, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { findLeftovers, removeLeftover } from './find-leftovers.ts'
import { writeJournal } from './publishing-journal.ts'
import { publishFiles } from '@varve/engine/publish-file'
import { stageFile, stageFolder } from './staging.ts'

/** A process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

const below = async (folder: string) =>
  (await findLeftovers(folder)).filter(({ path }) => path.startsWith(folder))

test('what a command left that was killed is found with its size and process, and removed', async () => {
  await using place = await tempPlace()
  const pid = await deadPid()
  await mkdir(place.file('vms'))
  await writeFile(place.file(`vms/.web01.qcow2.p${pid}-0badcafe.part`), 'twelve bytes')
  await writeFile(place.file('vms/web02.qcow2'), 'an image')
  await writeFile(place.file('vms/.notes.part.txt'), 'not ours')
  const found = await below(place.path)
  expect(found).toMatchObject([{ kind: 'command', pid, bytes: 12, state: 'removable', visible: [] }])
  for (const one of found) await removeLeftover(one)
  expect((await readdir(place.file('vms'))).toSorted()).toEqual(['.notes.part.txt', 'web02.qcow2'])
})

test('what a command writes now, what somebody has open and what a migration left are not offered', async () => {
  await using place = await tempPlace()
  const pid = await deadPid()
  const staging = stageFile(place.file('running.raw'))
  await writeFile(staging.path, '')
  await using _open = await open(place.file(`.open.raw.p${pid}-00000001.part`), 'w')
  const reader = spawn('sleep', ['60'], { stdio: [_open.fd, 'ignore', 'ignore'] })
  const old = place.file('.web.raw.migration-7-1.part')
  await writeFile(old, '')
  await utimes(old, 0, 0)
  try {
    const states = Object.fromEntries(
      (await below(place.path)).map(({ path, state }) => [basename(path), state]),
    )
    expect(states).toEqual({
      [basename(staging.path)]: 'running',
      [`.open.raw.p${pid}-00000001.part`]: 'running',
      '.web.raw.migration-7-1.part': 'migration',
    })
  } finally {
    reader.kill('SIGKILL')
    await once(reader, 'exit')
  }
})

test('names that a killed publication had given are taken back, and an image that is whole stays', async () => {
  await using place = await tempPlace()
  const pid = await deadPid()
  for (const [name, published] of [
    ['half', 1],
    ['whole', 3],
  ] as const) {
    const folder = place.file(`.${name}.vmdk.p${pid}-00000001.part`)
    await mkdir(folder)
    const files = [`${name}-s001.vmdk`, `${name}-s002.vmdk`, `${name}.vmdk`].map((file) => ({
      partPath: `${folder}/${file}`,
      finalPath: place.file(file),
    }))
    for (const { partPath } of files) await writeFile(partPath, 'x')
    await writeJournal(folder, files)
    await publishFiles(files.slice(0, published))
  }
  const found = await below(place.path)
  expect(found.map(({ visible }) => visible.map((path) => basename(path)))).toEqual([['half-s001.vmdk'], []])
  for (const one of found) await removeLeftover(one)
  expect((await readdir(place.path)).toSorted()).toEqual(['whole-s001.vmdk', 'whole-s002.vmdk', 'whole.vmdk'])
})

test('an image of several files gets all its names, or none when one is taken', async () => {
  await using place = await tempPlace()
  await writeFile(place.file('a-s002.vmdk'), 'somebody else’s')
  await using staging = await stageFolder(place.file('a.vmdk'))
  const parts = ['a-s001.vmdk', 'a-s002.vmdk'].map((name) => `${staging.hidden}/${name}`)
  for (const path of [...parts, staging.path]) await writeFile(path, 'x')
  const publishing = staging.publish(parts, { existing: 'refuse', durability: 'synced' })
  await expect(publishing).rejects.toMatchObject({ code: 'target-exists', file: place.file('a-s002.vmdk') })
  expect((await readdir(place.path)).filter((name) => !name.startsWith('.'))).toEqual(['a-s002.vmdk'])
})

test('a name that is as long as names may be is staged under a shorter one', () => {
  for (const name of ['b'.repeat(251), 'ö'.repeat(127), 'a.raw']) {
    const { path } = stageFile(`/vms/${name}`)
    expect(Buffer.byteLength(basename(path))).toBeLessThanOrEqual(255)
  }
})
