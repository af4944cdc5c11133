import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { actionTable } from '@varve/operations/actions/action-table'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { replaceVolume } from './actions/replace-volume/replace-volume.ts'
import { restoreVolume } from './actions/restore-volume/restore-volume.ts'
import { inMounted, onLoop } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { standInLvm } from './testing/stand-in-lvm.ts'
import {
  bytesOf,
  diskIn,
  hostIn,
  isResult,
  kept,
  lvcreate,
  nothingIsLeft,
  removeAll,
  run,
  sizeOf,
  standInSystem,
  volumeOf,
} from './testing/volume-disks.ts'

const stop = new AbortController().signal
const mib = 1024 ** 2
/** Some processes, one after the other. */
const walkTime = 900_000

const areThere = canUseLoop() && requires('sfdisk', 'sgdisk', 'resize2fs', 'unshare', 'setpriv', 'tar')

describe.skipIf(!areThere)('volumes of another size, with a stand-in for LVM', () => {
  test.each(['thin', 'thick'] as const)(
    'a %s one grows with what is in it; the original is kept, and has its name again when it is undone',
    async (way) => {
      await using lvm = await standInLvm()
      await using place = await tempPlace()
      const { path, files } = await diskIn(place)
      const device = await volumeOf(lvm, path, way)
      const before = await bytesOf(device)
      await using host = hostIn(place.file('host'))
      const { id } = await run(host, 'grow', { image: device, size: 62 * mib })
      const [now, original = '', ...others] = await lvm.volumes()
      expect([now, original, others]).toEqual(['vm', expect.stringMatching(kept), []])
      await isResult(device, files, 64 * mib)
      expect(before.equals(await bytesOf(`/dev/${lvm.group}/${original}`))).toBe(true)
      await nothingIsLeft(lvm)
      const undone = await host.runs.undo(id, { stop })
      expect(undone.undoFailures).toEqual([])
      expect(await lvm.volumes()).toEqual(['vm'])
      expect(before.equals(await bytesOf(device))).toBe(true)
    },
    120_000,
  )

  test('what a guest has written since is not taken away; nor is what somebody uses', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    const { path } = await diskIn(place)
    const device = await volumeOf(lvm, path, 'thin')
    await using host = hostIn(place.file('host'))
    const { id } = await run(host, 'grow', { image: device, size: 60 * mib })
    await onLoop(device, { start: mib, size: null }, async (part) => {
      const used = await host.runs.undo(id, { stop })
      expect(used.undoFailures).toMatchObject([{ step: 'replace', error: { code: 'in-use' } }])
      await inMounted(part, 'rw', 'echo since > /mnt/since')
    })
    const changed = await host.runs.undo(id, { stop })
    expect(changed.undoFailures).toMatchObject([{ step: 'replace', error: { code: 'refused' } }])
    expect((await lvm.volumes())[0]).toBe('vm')
    expect(await sizeOf(device)).toBe(60 * mib)
  }, 120_000)

  test.each(['thin', 'thick'] as const)(
    'a %s one shrinks from its filesystem down, as far as is said',
    async (way) => {
      await using lvm = await standInLvm()
      await using place = await tempPlace()
      const { path, files } = await diskIn(place)
      const device = await volumeOf(lvm, path, way)
      const before = await bytesOf(device)
      await using host = hostIn(place.file('host'))
      const { id } = await run(host, 'shrink', { image: device, to: 29 * mib })
      await isResult(device, files, 32 * mib)
      await nothingIsLeft(lvm)
      expect((await host.runs.undo(id, { stop })).undoFailures).toEqual([])
      expect(await lvm.volumes()).toEqual(['vm'])
      expect(before.equals(await bytesOf(device))).toBe(true)
    },
    120_000,
  )

  test('as far as its filesystem allows, in whole extents', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    const { path, files } = await diskIn(place)
    const device = await volumeOf(lvm, path, 'thin')
    await using host = hostIn(place.file('host'))
    await run(host, 'shrink', { image: device, to: null })
    const size = await sizeOf(device)
    expect(size).toBeLessThan(40 * mib)
    await isResult(device, files, size)
  }, 120_000)

  test('goes back to a snapshot and keeps the present state; undone as long as nobody has written to it', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    const { path, files } = await diskIn(place)
    const device = await volumeOf(lvm, path, 'thin')
    const address = `lvm:${lvm.group}/vm`
    await using host = hostIn(place.file('host'))
    await run(host, 'snapshot-volume', { volume: address, name: 's1' })
    await onLoop(device, { start: mib, size: 36 * mib }, async (part) => {
      await inMounted(part, 'rw', 'rm words; echo later > later')
    })
    const present = await bytesOf(device)
    const { id } = await run(host, 'apply-volume-snapshot', { volume: address, name: 's1' })
    await isResult(device, files, 40 * mib)
    const [, , original = ''] = (await lvm.volumes()).toSorted()
    expect(original).toMatch(kept)
    expect(present.equals(await bytesOf(`/dev/${lvm.group}/${original}`))).toBe(true)
    // A later one is one of what had the name before.
    expect(await host.plan('apply-volume-snapshot', { volume: address, name: 's1' })).toMatchObject({
      kind: 'plan',
    })
    expect((await host.runs.undo(id, { stop })).undoFailures).toEqual([])
    expect(await lvm.volumes()).toEqual(['s1', 'vm'])
    expect(present.equals(await bytesOf(device))).toBe(true)
    const again = await run(host, 'apply-volume-snapshot', { volume: address, name: 's1' })
    await onLoop(device, { start: mib, size: 36 * mib }, async (part) => {
      await inMounted(part, 'rw', 'echo since > since')
    })
    expect((await host.runs.undo(again.id, { stop })).undoFailures).toMatchObject([
      { step: 'replace', error: { code: 'refused' } },
    ])
  }, 120_000)

  test('one that is mounted, or holds another format than raw, is refused', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    const { path } = await diskIn(place)
    const device = await volumeOf(lvm, path, 'thin')
    await using host = hostIn(place.file('host'))
    const grow = { image: device, size: 60 * mib }
    await onLoop(device, { start: mib, size: 36 * mib }, async () => {
      expect(await host.plan('grow', grow)).toMatchObject({ kind: 'refusal', problems: [{ id: 'in-use' }] })
      const apply = { volume: `lvm:${lvm.group}/vm`, name: 's1' }
      await run(host, 'snapshot-volume', apply)
      expect(await host.plan('apply-volume-snapshot', apply)).toMatchObject({
        kind: 'refusal',
        problems: [{ id: 'in-use' }],
      })
    })
    await lvcreate(lvm, 'q', ['--size', `${8 * mib}b`])
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', `/dev/${lvm.group}/q`, '4M'])
    expect(await host.plan('grow', { image: `/dev/${lvm.group}/q`, size: 16 * mib })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'refused', layer: 'L2', message: expect.stringContaining('qcow2') as string }],
    })
  }, 60_000)

  test('a death between both names is mended by who goes on, and by who goes back', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    await using host = hostIn(place.path)
    const size = ['--size', `${4 * mib}b`]
    await lvcreate(lvm, 'vm', size)
    await lvcreate(lvm, 'varve-new-x', size)
    await writeFile(`/dev/${lvm.group}/varve-new-x`, 'new')
    const uuid = (await readFile(join(process.env['VARVE_STAND_IN'] ?? '', 'vm.uuid'), 'utf8')).trim()
    const named = (volume: string) => ({ kind: 'lvm', group: lvm.group, volume }) as const
    const input = actionTable['replace-volume'].input.parse({
      volume: named('vm'),
      staging: 'x',
      kept: named('vm-before-1'),
      uuid,
      holds: null,
      virtualSize: 4 * mib,
      copyOf: named('vm-before-1'),
    })
    const context = { ports: host.ports, signal: stop, onProgress: () => {} }
    const rename = async (from: string, to: string) => runToolOk('lvm', ['lvrename', lvm.group, from, to])
    await rename('vm', 'vm-before-1')
    expect(await replaceVolume.run(input, context)).toMatchObject({ kept: `lvm:${lvm.group}/vm-before-1` })
    expect(await lvm.volumes()).toEqual(['vm', 'vm-before-1'])
    // Done already, it succeeds.
    await replaceVolume.run(input, context)
    await rename('vm', 'varve-new-x')
    await restoreVolume.run(input, context)
    await restoreVolume.run(input, context)
    expect(await lvm.volumes()).toEqual(['varve-new-x', 'vm'])
    expect((await bytesOf(`/dev/${lvm.group}/varve-new-x`)).subarray(0, 3).toString()).toBe('new')
    const other = { ...input, uuid: uuid.replace(/^./u, (first) => (first === 'a' ? 'b' : 'a')) }
    await expect(replaceVolume.run(other, context)).rejects.toMatchObject({ code: 'refused' })
    await rename('varve-new-x', 'away')
    await expect(restoreVolume.run(other, context)).rejects.toMatchObject({
      details: { reason: expect.stringContaining('not there any more') as string },
    })
  }, 60_000)

  test.each([
    ['grow', 'thin', { size: 60 * mib }, 60],
    ['shrink', 'thick', { to: 32 * mib }, 32],
  ] as const)(
    '%s of a %s one, killed at entries of its journal: the original or the result has the name',
    { timeout: walkTime },
    async (operation, way, request, size) => {
      await using lvm = await standInLvm()
      await using place = await tempPlace()
      const { path, files } = await diskIn(place)
      const before = await readFile(path)
      const device = `/dev/${lvm.group}/vm`
      const walked = await walkKills({
        operation,
        oneOf: 11,
        system: standInSystem,
        async prepare() {
          await removeAll(lvm)
          await volumeOf(lvm, path, way)
          return { image: device, ...request }
        },
        async atAnyTime() {
          expect(await lvm.volumes()).toContain('vm')
          if ((await sizeOf(device)) === before.length)
            expect(before.equals(await bytesOf(device))).toBe(true)
          else await isResult(device, files, size * mib)
        },
        async whenDone() {
          await isResult(device, files, size * mib)
          await nothingIsLeft(lvm)
        },
        async whenUndone() {
          expect(await lvm.volumes()).toEqual(['vm'])
          expect(before.equals(await bytesOf(device))).toBe(true)
          await nothingIsLeft(lvm)
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(3)
      expect(walked.undone).toBeGreaterThanOrEqual(3)
    },
  )
})
