import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { findEntries } from '@varve/engine/quarantine/index-of-entries'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const MiB = 1024 * 1024
/** Some forty processes, one after the other. */
const walkTime = 900_000

/** A disk of 5 MiB with data in two chunks. */
function disk(letter: string): Buffer {
  const bytes = Buffer.alloc(5 * MiB)
  bytes.fill(letter, MiB, MiB + 70_000)
  bytes.fill(letter, 4 * MiB + 512, 4 * MiB + 4096)
  return bytes
}

const visible = async (folder: string) =>
  (await readdir(folder))
    .filter((name) => !name.startsWith('.') && name !== 'runs' && name !== 'state')
    .sort()
const hidden = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.startsWith('.') && name.endsWith('.part'))

async function digestOf(path: string): Promise<string> {
  return (await digestDisk({ kind: 'image', path, roots: null, format: null })).digest
}

async function digestOfRaw(path: string): Promise<string> {
  return (await digestDisk({ kind: 'image', path, roots: null, format: 'raw' })).digest
}

function requestOf(folder: string, change: object): object {
  return { sources: [{ path: join(folder, 'a.raw'), format: 'raw' }], ...change }
}

describe('a run of convert', () => {
  test('makes the image, is undone into quarantine, and is done again when it is resumed', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await writeFile(place.file('a.raw'), disk('x'))
    const request = requestOf(place.path, { target: place.file('b.qcow2'), format: 'qcow2' })
    const plan = await host.plan('convert', request)
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    const done = await host.runs.start({ plan, request, accepted: [] }, { stop })
    expect(done.phase).toBe('succeeded')
    expect(await digestOf(place.file('b.qcow2'))).toBe(await digestOfRaw(place.file('a.raw')))
    const undone = await host.runs.undo(done.id, { stop })
    expect(undone).toMatchObject({ phase: 'undone', undoFailures: [] })
    expect(await visible(place.path)).toEqual(['a.raw'])
    const again = await host.plan('convert', request)
    expect(again.kind).toBe('plan')
  })

  test('names all images or none: what fails last takes the first ones back', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await writeFile(place.file('a.raw'), disk('x'))
    await writeFile(place.file('b.raw'), disk('y'))
    const sources = ['a.raw', 'b.raw'].map((name) => ({ path: place.file(name), format: 'raw' }))
    const request = { sources, target: place.path, isFolder: true, format: 'qcow2' }
    const plan = await host.plan('convert', request)
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    // Somebody takes the second name between plan and run.
    await writeFile(place.file('b.qcow2'), 'theirs')
    const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
    expect(state).toMatchObject({ phase: 'failed', error: { code: 'target-exists' }, undoFailures: [] })
    expect(await visible(place.path)).toEqual(['a.raw', 'b.qcow2', 'b.raw'])
    expect(await readFile(place.file('b.qcow2'), 'utf8')).toBe('theirs')
    expect(await hidden(place.path)).toEqual([])
  })

  test('a source that changes between plan and run is read as it is then, and one that is gone ends it', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await writeFile(place.file('a.raw'), disk('x'))
    const request = requestOf(place.path, { target: place.file('b.raw'), format: 'raw' })
    const plan = await host.plan('convert', request)
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    const gone = { ...plan, steps: JSON.parse(JSON.stringify(plan.steps).replace('a.raw', 'z.raw')) }
    const state = await host.runs.start({ plan: gone, request, accepted: [] }, { stop })
    expect(state).toMatchObject({ phase: 'failed', error: { code: 'not-found' } })
    expect(await visible(place.path)).toEqual(['a.raw'])
  })

  test.skipIf(!requires('qemu-img'))('each snapshot of a source becomes an image of its own', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await writeFile(place.file('a.raw'), disk('x'))
    const image = place.file('a.qcow2')
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', place.file('a.raw'), image])
    const before = await digestOf(image)
    await runToolOk('qemu-img', ['snapshot', '-c', 'before: the/update', image])
    await runToolOk('qemu-io', ['-c', 'write -P 7 0 64k', image])
    const request = { sources: [{ path: image }], target: place.file('b.vdi'), format: 'vdi' }
    expect(await host.plan('convert', request)).toMatchObject({ warnings: [{ id: 'internal-snapshots' }] })
    const extract = { ...request, snapshots: 'extract' }
    const plan = await host.plan('convert', extract)
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    const state = await host.runs.start({ plan, request: extract, accepted: [] }, { stop })
    expect(state.phase).toBe('succeeded')
    expect(await digestOf(place.file('b@before_ the_update.vdi'))).toBe(before)
    expect(await digestOf(place.file('b.vdi'))).toBe(await digestOf(image))
  })

  test(
    'is killed at entries of its journal: an image of several files is there whole, or not at all',
    { timeout: walkTime },
    async () => {
      const walked = await walkKills({
        operation: 'convert',
        oneOf: 3,
        async prepare(folder) {
          await writeFile(join(folder, 'a.raw'), disk('x'))
          return requestOf(folder, {
            target: join(folder, 'b.vmdk'),
            format: 'vmdk',
            subformat: 'monolithicFlat',
          })
        },
        async atAnyTime(folder) {
          const names = await visible(folder)
          expect(names).toContain('a.raw')
          if (names.includes('b.vmdk'))
            expect(await digestOf(join(folder, 'b.vmdk'))).toBe(await digestOfRaw(join(folder, 'a.raw')))
        },
        async whenDone(folder) {
          expect(await visible(folder)).toEqual(['a.raw', 'b-flat.vmdk', 'b.vmdk'])
          expect(await digestOf(join(folder, 'b.vmdk'))).toBe(await digestOfRaw(join(folder, 'a.raw')))
          expect(await hidden(folder)).toEqual([])
        },
        async whenUndone(folder) {
          expect(await visible(folder)).toEqual(['a.raw'])
          expect(await hidden(folder)).toEqual([])
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(3)
      expect(walked.undone).toBeGreaterThanOrEqual(3)
    },
  )

  test(
    'is killed at entries of its journal while it replaces an image: one of the two has the name at every moment',
    { timeout: walkTime },
    async () => {
      const old = disk('o')
      await walkKills({
        operation: 'convert',
        oneOf: 3,
        async prepare(folder) {
          await writeFile(join(folder, 'a.raw'), disk('x'))
          await writeFile(join(folder, 'b.raw'), old)
          return requestOf(folder, { target: join(folder, 'b.raw'), format: 'raw', existing: 'replace' })
        },
        async atAnyTime(folder) {
          const now = await readFile(join(folder, 'b.raw'))
          expect(now.equals(old) || now.equals(disk('x'))).toBe(true)
        },
        async whenDone(folder) {
          expect((await readFile(join(folder, 'b.raw'))).equals(disk('x'))).toBe(true)
          const { entries } = await findEntries(join(folder, 'state'), [folder])
          expect(entries.map(({ manifest }) => [manifest.why, manifest.image])).toEqual([
            ['replaced', 'b.raw'],
          ])
          expect(await hidden(folder)).toEqual([])
        },
        async whenUndone(folder) {
          expect((await readFile(join(folder, 'b.raw'))).equals(old)).toBe(true)
          expect(await hidden(folder)).toEqual([])
        },
      })
    },
  )
})
