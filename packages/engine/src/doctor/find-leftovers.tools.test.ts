import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readdir, utimes, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { findLeftovers, removeLeftover, type StagingRun, lookAtStaged } from './find-leftovers.ts'
import { releaseRunLocks, takeRunLocks } from '../in-use/run-locks.ts'
import { publishFiles } from '../files/publish-file.ts'
import { writeJournal } from '../staging/publishing-journal.ts'
import { openStaging } from '../staging/staging.ts'

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
  const mine = { target: place.file('running.raw'), staging: `p${process.pid}-0badcafe` }
  const staging = openStaging({ ...mine, format: 'raw', subformat: null })
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

test('the folder in which a program writes is of the run that staged it', async () => {
  await using place = await tempPlace()
  const folder = place.file('.disk.vhdx.0123456789ab-tool.part')
  await mkdir(folder)
  await writeFile(`${folder}/disk.vhdx`, 'half')
  for (const path of [`${folder}/disk.vhdx`, folder]) await utimes(path, 0, 0)
  expect(await below(place.path)).toMatchObject([{ path: folder, kind: 'run', state: 'removable' }])
  const run = { id: 'r', isOver: false, of: null }
  const runs = (staging: string) => (staging === '0123456789ab' ? run : null)
  expect(await lookAtStaged([folder], runs as never)).toMatchObject([{ run: 'r', state: 'run' }])
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
    await writeJournal(
      folder,
      files.map(({ partPath }) => basename(partPath)),
    )
    await publishFiles(files.slice(0, published))
  }
  const found = await below(place.path)
  expect(found.map(({ visible }) => visible.map((path) => basename(path)))).toEqual([['half-s001.vmdk'], []])
  for (const one of found) await removeLeftover(one)
  expect((await readdir(place.path)).toSorted()).toEqual(['whole-s001.vmdk', 'whole-s002.vmdk', 'whole.vmdk'])
})

test('what a run staged stays until the run is over; of a run that nobody knows it is nobody’s', async () => {
  await using place = await tempPlace()
  const ids = ['00000000000a', '00000000000b', '00000000000c']
  for (const id of ids) {
    await writeFile(place.file(`.${id}.raw.${id}.part`), 'x')
    await utimes(place.file(`.${id}.raw.${id}.part`), 0, 0)
  }
  const fresh = '00000000000d'
  await writeFile(place.file(`.new.raw.${fresh}.part`), 'x')
  const runs: Record<string, StagingRun> = {
    '00000000000a': { id: 'going', isOver: false, of: 'host' },
    '00000000000b': { id: 'done', isOver: true, of: 'host' },
  }
  const found = await findLeftovers(place.path, (staging) => runs[staging] ?? null)
  const mine = found.filter(({ path }) => path.startsWith(place.path))
  expect(mine.map(({ kind, state, run }) => [kind, state, run])).toEqual([
    ['run', 'run', 'going'],
    ['run', 'removable', 'done'],
    ['run', 'removable', null],
    ['run', 'running', null],
  ])
})

test('what a run of the fleet staged stays as long as the run has its image locked', async () => {
  await using place = await tempPlace()
  const staged = place.file('.web.raw.00000000000e.part')
  await writeFile(staged, 'x')
  await utimes(staged, 0, 0)
  await writeFile(place.file('proof'), '{}')
  const run = { id: 'fleet-7', name: '7', operation: 'Convert web.vmdk', of: 'fleet' } as const
  await takeRunLocks([place.file('web.raw')], { ...run, proof: place.file('proof') })
  expect(await below(place.path)).toMatchObject([{ kind: 'run', state: 'run', run: '7', runOf: 'fleet' }])
  await releaseRunLocks([place.file('web.raw')], run.id)
  expect(await below(place.path)).toMatchObject([{ kind: 'run', state: 'removable', run: null }])
})
