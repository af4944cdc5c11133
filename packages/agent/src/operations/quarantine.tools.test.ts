import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { quarantineName, readEntry } from '@varve/engine/quarantine/entry'
import { findEntries } from '@varve/engine/quarantine/index-of-entries'
import { setAside } from '@varve/engine/quarantine/set-aside'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const parts = ['disk-f001.vmdk', 'disk-f002.vmdk', 'disk.vmdk']

/** A split VMDK: a descriptor and two extents. */
async function plant(folder: string): Promise<void> {
  await mkdir(join(folder, 'lib'), { recursive: true })
  const [first = '', second = '', own = ''] = parts
  await writeFile(join(folder, 'lib', first), 'a'.repeat(4096))
  await writeFile(join(folder, 'lib', second), 'b'.repeat(4096))
  const descriptor = [
    '# Disk DescriptorFile',
    'version=1',
    'CID=12345678',
    'parentCID=ffffffff',
    'createType="twoGbMaxExtentFlat"',
    `RW 8 FLAT "${first}" 0`,
    `RW 8 FLAT "${second}" 0`,
    'ddb.adapterType = "ide"',
    '',
  ]
  await writeFile(join(folder, 'lib', own), descriptor.join('\n'))
}

const image = (folder: string) => join(folder, 'lib', 'disk.vmdk')
const visible = async (folder: string) =>
  (await readdir(join(folder, 'lib'))).filter((name) => !name.startsWith('.')).sort()

async function isThere(folder: string): Promise<void> {
  expect(await visible(folder)).toEqual(parts)
  expect(await readFile(join(folder, 'lib', 'disk-f002.vmdk'), 'utf8')).toBe('b'.repeat(4096))
}

async function isAside(folder: string): Promise<void> {
  expect(await visible(folder)).toEqual([])
  const { entries, faults } = await findEntries(join(folder, 'state'), [join(folder, 'lib')])
  expect(faults).toEqual([])
  const [entry] = entries
  expect(entry?.manifest.files.map(({ path }) => path).sort()).toEqual(parts)
  expect((await readdir(join(entry?.path ?? '', 'files'))).sort()).toEqual(parts)
}

async function isWhole(folder: string): Promise<void> {
  if ((await visible(folder)).length === parts.length) await isThere(folder)
  else await isAside(folder)
}

async function run(host: TestHost, operation: string, request: unknown) {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
  return await host.runs.start({ plan, request, accepted: [] }, { stop })
}

describe('delete, restore and purge of an image', () => {
  test('it goes into quarantine, is found by its id alone, comes back, and is purged', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plant(place.path)
    const deleted = await run(host, 'delete', { image: image(place.path) })
    expect(deleted.phase).toBe('succeeded')
    await isAside(place.path)
    const [entry] = (await findEntries(host.ports.stateFolder, [])).entries
    const id = entry?.manifest.id ?? ''
    expect((await run(host, 'restore', { id: id.slice(0, 6) })).phase).toBe('succeeded')
    await isThere(place.path)
    expect((await findEntries(host.ports.stateFolder, [])).entries).toEqual([])
    await run(host, 'delete', { image: image(place.path) })
    const [again] = (await findEntries(host.ports.stateFolder, [])).entries
    expect((await run(host, 'purge', { id: again?.manifest.id })).phase).toBe('succeeded')
    expect(await readdir(join(place.path, 'lib'))).toEqual([])
    await expect(host.plan('restore', { id })).rejects.toMatchObject({ code: 'not-found' })
  })

  test('a run of each is undone, but for purge', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plant(place.path)
    const deleted = await run(host, 'delete', { image: image(place.path) })
    expect((await host.runs.undo(deleted.id, { stop })).phase).toBe('undone')
    await isThere(place.path)
    await run(host, 'delete', { image: image(place.path) })
    const [entry] = (await findEntries(host.ports.stateFolder, [])).entries
    const id = entry?.manifest.id ?? ''
    const restored = await run(host, 'restore', { id })
    expect((await host.runs.undo(restored.id, { stop })).phase).toBe('undone')
    await isAside(place.path)
    const purged = await run(host, 'purge', { id })
    await expect(host.runs.undo(purged.id, { stop })).rejects.toMatchObject({ code: 'refused' })
  })

  test('what took one of its names meanwhile is not replaced, and nothing is moved', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plant(place.path)
    await run(host, 'delete', { image: image(place.path) })
    await writeFile(join(place.path, 'lib', 'disk-f001.vmdk'), 'another')
    const [entry] = (await findEntries(host.ports.stateFolder, [])).entries
    expect(await host.plan('restore', { id: entry?.manifest.id })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'target-exists', file: join(place.path, 'lib', 'disk-f001.vmdk') }],
    })
  })

  test('a file that changed its name between plan and run is told, and nothing is moved', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plant(place.path)
    const request = { image: image(place.path) }
    const plan = await host.plan('delete', request)
    if (plan.kind === 'refusal') throw new Error('it was refused')
    await rename(image(place.path), join(place.path, 'lib', 'other.vmdk'))
    const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
    expect(state).toMatchObject({ phase: 'failed', error: { code: 'not-found' } })
    expect(await readdir(join(place.path, 'lib'))).not.toContain(quarantineName)
  })

  test('nothing outside the roots is touched', async () => {
    await using place = await tempPlace()
    await plant(place.path)
    await mkdir(join(place.path, 'other'))
    await using host = openTestHost(place.path, { roots: [join(place.path, 'other')] })
    await expect(host.plan('delete', { image: image(place.path) })).rejects.toMatchObject({
      code: 'outside-library',
    })
    await setAside(image(place.path), { id: 'one', why: 'deleted', roots: null })
    await expect(
      host.plan('restore', { id: 'one', folders: [join(place.path, 'lib')] }),
    ).rejects.toMatchObject({ code: 'outside-library' })
  })

  test.skipIf(!requires('qemu-img'))('an image that another one is made over is not deleted', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const [base, over] = [place.file('base.qcow2'), place.file('over.qcow2')]
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', base, '8M'])
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', base, over])
    expect(await host.plan('delete', { image: base })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'has-dependents', file: base, details: { dependents: [over] } }],
    })
    expect(await host.plan('delete', { image: over })).toMatchObject({ kind: 'plan' })
    // The base is gone by other hands: who needs it is told before it is purged.
    await setAside(base, { id: 'one', why: 'deleted', roots: null })
    expect(await host.plan('purge', { id: 'one', folders: [place.path] })).toMatchObject({
      warnings: [{ id: 'kept-until' }, { id: 'has-dependents', details: { dependents: [over] } }],
    })
  })
})

describe('killed at each entry of the journal', () => {
  test('delete goes on, or brings all back', async () => {
    const walked = await walkKills({
      operation: 'delete',
      async prepare(folder) {
        await plant(folder)
        return { image: image(folder) }
      },
      atAnyTime: isWhole,
      whenDone: isAside,
      whenUndone: isThere,
    })
    expect(walked.resumed).toBeGreaterThan(0)
    expect(walked.undone).toBeGreaterThan(0)
  })

  test('restore goes on, or puts all into quarantine again', async () => {
    const walked = await walkKills({
      operation: 'restore',
      async prepare(folder) {
        await plant(folder)
        await setAside(image(folder), { id: 'one', why: 'deleted', roots: null })
        return { id: 'one', folders: [join(folder, 'lib')] }
      },
      atAnyTime: isWhole,
      whenDone: isThere,
      whenUndone: isAside,
    })
    expect(walked.resumed).toBeGreaterThan(0)
    expect(walked.undone).toBeGreaterThan(0)
  })

  test('purge goes on to its end', async () => {
    const walked = await walkKills({
      operation: 'purge',
      async prepare(folder) {
        await plant(folder)
        await setAside(image(folder), { id: 'one', why: 'deleted', roots: null })
        return { id: 'one', folders: [join(folder, 'lib')] }
      },
      async atAnyTime(folder) {
        if (await readEntry(join(folder, 'lib'), 'one')) await isAside(folder)
      },
      async whenDone(folder) {
        expect(await readdir(join(folder, 'lib'))).toEqual([])
      },
    })
    expect(walked.resumed).toBeGreaterThan(0)
  })
})
