import { open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { tempPlace } from '@varve/test-kit/temp-place'
import { runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters, readPlaces } from './testing/adapters.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { standInLvm } from './testing/stand-in-lvm.ts'

const stop = new AbortController().signal
const mib = 1024 ** 2
const url = pathToFileURL(join(import.meta.dirname, 'testing/adapters.ts')).href
/** Some thirty processes, one after the other. */
const walkTime = 900_000

const hostIn = (folder: string) => openTestHost(folder, { adapters, readPlaces })

async function run(host: TestHost, operation: string, request: unknown) {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join(', '))
  return await host.runs.start({ plan, request, accepted: plan.warnings.map(({ id }) => id) }, { stop })
}

/** A disk of 6 MiB that has some data. */
async function diskIn(folder: string): Promise<string> {
  const path = join(folder, 'a.raw')
  await writeFile(path, Buffer.alloc(mib, 'data'))
  await truncate(path, 6 * mib)
  return path
}

async function bytesOf(device: string, length: number): Promise<Buffer> {
  const file = await open(device, 'r')
  try {
    const bytes = Buffer.alloc(length)
    await file.read(bytes, 0, length, 0)
    return bytes
  } finally {
    await file.close()
  }
}

async function changeByte(device: string): Promise<void> {
  const file = await open(device, 'r+')
  await file.write(Buffer.from('x'), 0, 1, 5 * mib)
  await file.sync()
  await file.close()
}

describe.skipIf(!canUseLoop())('volumes, with a stand-in for LVM', () => {
  test('a disk gets into a volume of whole extents, zeros over what was there, and is named at last', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    const path = await diskIn(place.path)
    await using host = hostIn(place.path)
    const target = `lvm:${lvm.group}/a`
    const state = await run(host, 'write-volume', { source: { path, format: null, reading: {} }, target })
    expect(state.phase).toBe('succeeded')
    expect(await lvm.volumes()).toEqual(['a'])
    const bytes = await bytesOf(`/dev/${lvm.group}/a`, 8 * mib)
    expect(bytes.subarray(0, 6 * mib).equals(await readFile(path))).toBe(true)
    expect(bytes.subarray(6 * mib).every((byte) => byte === 0)).toBe(true)
    const again = await host.plan('create-volume', { target, size: mib })
    expect(again).toMatchObject({ kind: 'refusal', problems: [{ id: 'target-exists' }] })
  }, 60_000)

  test('a new volume is all zeros; changed, it is not taken back; as it was, it is', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    await using host = hostIn(place.path)
    const { id, phase } = await run(host, 'create-volume', { target: `lvm:${lvm.group}/b`, size: 8 * mib })
    expect(phase).toBe('succeeded')
    const device = `/dev/${lvm.group}/b`
    const bytes = await bytesOf(device, 8 * mib)
    expect(bytes.every((byte) => byte === 0)).toBe(true)
    await changeByte(device)
    const kept = await host.runs.undo(id, { stop })
    expect(kept.undoFailures).toMatchObject([{ step: 'name', error: { code: 'refused' } }])
    expect(await lvm.volumes()).toEqual(['b'])
    await runToolOk('dd', ['if=/dev/zero', `of=${device}`, 'bs=1M', 'count=8', 'conv=fsync', 'status=none'])
    expect((await host.runs.undo(id, { stop })).undoFailures).toEqual([])
    expect(await lvm.volumes()).toEqual([])
  }, 60_000)

  test('is removed for good after a word; one that is mounted is not', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    await using host = hostIn(place.path)
    const volume = `lvm:${lvm.group}/c`
    await run(host, 'create-volume', { target: volume, size: 16 * mib })
    const device = `/dev/${lvm.group}/c`
    await runToolOk('mkfs.ext4', ['-q', device])
    await runToolOk('mkdir', [place.file('m')])
    await runToolOk('mount', [device, place.file('m')])
    try {
      expect(await host.plan('delete-volume', { volume })).toMatchObject({
        kind: 'refusal',
        problems: [{ id: 'in-use' }],
      })
    } finally {
      await runToolOk('umount', [place.file('m')])
    }
    expect(await host.plan('delete-volume', { volume })).toMatchObject({
      warnings: [{ id: 'volume-removed' }],
    })
    expect((await run(host, 'delete-volume', { volume })).phase).toBe('succeeded')
    expect(await lvm.volumes()).toEqual([])
  }, 60_000)

  test(
    'killed at any entry: no name without the whole disk, and undone, nothing is left',
    { timeout: walkTime },
    async () => {
      await using lvm = await standInLvm()
      const target = `lvm:${lvm.group}/k`
      const device = `/dev/${lvm.group}/k`
      const isWhole = async () =>
        (await bytesOf(device, 6 * mib)).equals(
          Buffer.concat([Buffer.alloc(mib, 'data'), Buffer.alloc(5 * mib)]),
        )
      const walked = await walkKills({
        operation: 'write-volume',
        oneOf: 3,
        system: { adapters, readPlaces, url },
        prepare: async (folder) => ({
          source: { path: await diskIn(folder), format: null, reading: {} },
          target,
        }),
        async atAnyTime() {
          if ((await lvm.volumes()).includes('k')) expect(await isWhole()).toBe(true)
        },
        async whenDone(folder) {
          expect(await lvm.volumes()).toEqual(['k'])
          expect(await isWhole()).toBe(true)
          await using host = hostIn(folder)
          await run(host, 'delete-volume', { volume: target })
        },
        async whenUndone() {
          expect(await lvm.volumes()).toEqual([])
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(2)
      expect(walked.undone).toBeGreaterThanOrEqual(2)
    },
  )
})
