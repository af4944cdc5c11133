import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listAttached } from '@varve/operations/actions/list-attached'
import { findUses } from '@varve/engine/in-use/find-uses'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { corpusEntries, unpackCorpus } from '@varve/test-kit/corpus'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MacTestHost } from './testing/mac-test-host.ts'

const wanted = ['images/apfs.raw.zst', 'images/hfsplus.raw.zst', 'images/hfsplus_zlib.dmg.zst']
const entries = corpusEntries()?.filter(({ file }) => wanted.some((one) => one.endsWith(file))) ?? []

describe.skipIf(process.platform !== 'linux' || entries.length < wanted.length)(
  'images as disks of macOS',
  () => {
    let host: MacTestHost
    const file = (name: string) => host.place.file(name)

    beforeAll(async () => {
      host = await MacTestHost.open()
      unpackCorpus(entries, host.place.path)
      const disk = Buffer.alloc(4 * 1024 ** 2)
      disk.set(mbrSector(disk.length))
      await writeFile(file("it's 磁盘.raw"), disk)
      const locked = Buffer.alloc(1024 ** 2)
      locked.write('encrcdsa')
      locked.writeUInt32BE(2, 8)
      await writeFile(file('locked.dmg'), locked)
    }, 60_000)

    afterAll(async () => host[Symbol.asyncDispose]())
    beforeEach(() => host.stand.reset())

    const wish = (name: string, more: object = {}) => ({
      image: { path: file(name), format: null, reading: {} },
      inUse: 'refuse',
      ...more,
    })
    const attachedNow = async () => {
      const { state } = await host.carryOut('attached', {})
      const [step] = state.steps
      return step && listAttached.outcome.parse(outcomeOf(step)).attached
    }
    const notes = async () => await readdir(join(host.place.path, 'state/attached')).catch(() => [])

    test('a raw image is attached read-only, told with its partitions, and detached', async () => {
      const raw = "it's 磁盘.raw"
      const { plan, state } = await host.carryOut('attach', wish(raw))
      const attaching = ['attach', '-plist', '-readonly', '-nomount', '-noverify', '-noautoopen']
      const command = ['hdiutil', ...attaching, '-imagekey', 'diskimage-class=CRawDiskImage', file(raw)]
      expect(await host.shownOf(plan)).toEqual([command])
      expect(host.stand.calls()).toEqual([command])
      const partitions = [{ number: 1, device: '/dev/disk4s1', start: 2 ** 20, size: 3 * 2 ** 20 }]
      expect(state.steps[0]?.attempts.at(-1)).toMatchObject({
        outcome: { device: '/dev/disk4', size: 4 * 2 ** 20, readOnly: true, partitions, volumes: [] },
      })
      expect(await attachedNow()).toMatchObject([
        { image: file(raw), device: '/dev/disk4', how: 'hdiutil', state: 'live', readOnly: true, partitions },
      ])
      expect(await host.refusal('attach', wish(raw))).toEqual(['already-attached'])
      const detached = await host.carryOut('detach', { target: '/dev/disk4s1' })
      expect(await host.shownOf(detached.plan)).toEqual([['hdiutil', 'detach', '/dev/disk4']])
      expect(host.stand.calls()).toEqual([['hdiutil', 'detach', '/dev/disk4']])
      expect([host.stand.state().disks, await attachedNow(), await notes()]).toEqual([[], [], []])
    })

    test('an APFS container goes with its disk, and its volumes are told', async () => {
      host.stand.change((state) => {
        state.apfsVolumes = [
          { name: 'Data', role: null },
          { name: 'Preboot', role: 'Preboot' },
        ]
      })
      const { state } = await host.carryOut('attach', wish('apfs.raw'))
      const outcome = state.steps[0]?.attempts.at(-1)
      expect(outcome).toMatchObject({
        outcome: {
          device: '/dev/disk4',
          volumes: [
            { device: '/dev/disk5s1', name: 'Data', role: null },
            { device: '/dev/disk5s2', role: 'Preboot' },
          ],
        },
      })
      await host.carryOut('detach', { target: file('apfs.raw') })
      expect(host.stand.state().disks).toEqual([])
    })

    test('for writing after a word by name; undone, it is detached', async () => {
      const accepted = ['image-is-written']
      const { plan, state } = await host.carryOut(
        'attach',
        wish('hfsplus.raw', { isWritten: true }),
        accepted,
      )
      expect(plan.warnings.filter(({ asks }) => asks).map(({ id }) => id)).toEqual(accepted)
      expect(host.stand.state().disks).toMatchObject([{ isWriteable: true }])
      expect((await host.undo(state)).phase).toBe('undone')
      expect([host.stand.state().disks, await notes()]).toEqual([[], []])
      const dmg = wish('hfsplus_zlib.dmg', { isWritten: true })
      expect(await host.refusal('attach', dmg)).toEqual(['not-written-in-place'])
    })

    test('what others attached is not taken from them, by whatever name', async () => {
      await host.carryOut('attach', wish('hfsplus.raw'))
      host.stand.change(({ disks }) => disks.splice(0, 1, { ...disks[0]!, pid: 7, device: '/dev/disk9' }))
      expect(await host.refusal('detach', { target: '/dev/disk9' })).toEqual(['not-attached'])
      expect(await attachedNow()).toMatchObject([{ device: '/dev/disk4', state: 'gone' }])
      await symlink(host.place.path, file('link'))
      const linked = { ...wish('x'), image: { path: file('link/hfsplus.raw'), format: null, reading: {} } }
      expect(await host.refusal('attach', linked)).toEqual(['already-attached'])
      await host.carryOut('detach', { target: '/dev/disk4' })
      expect(host.stand.state().disks).toHaveLength(1)
      expect(await notes()).toEqual([])
    })

    test('while it is busy, detach is tried again; forced only with a word by name', async () => {
      await host.carryOut('attach', wish('hfsplus.raw'))
      host.stand.change((state) => Object.assign(state, { busy: { '/dev/disk4': 2 }, locale: 'zh' }))
      await host.carryOut('detach', { target: file('hfsplus.raw') })
      expect(host.stand.calls().filter(([, verb]) => verb === 'detach')).toHaveLength(3)
      host.stand.reset()
      await host.carryOut('attach', wish('hfsplus.raw'))
      host.stand.change((state) => Object.assign(state, { busy: { '/dev/disk4': 99 } }))
      const request = { target: file('hfsplus.raw') }
      const state = await host.start(await host.plan('detach', request), request)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'in-use'])
      const forced = { ...request, isForced: true }
      const plan = await host.plan('detach', forced)
      expect(plan.warnings).toMatchObject([{ id: 'detach-forced', asks: true }])
      await host.carryOut('detach', forced, ['detach-forced'])
      expect(host.stand.calls().at(-1)).toEqual(['hdiutil', 'detach', '/dev/disk4', '-force'])
      expect(host.stand.state().disks).toEqual([])
    })

    test('an encrypted image takes its passphrase from the command alone, and tells a wrong one', async () => {
      const secret = 'correct horse'
      host.stand.change((state) => Object.assign(state, { passphrases: { [file('locked.dmg')]: secret } }))
      expect(await host.refusal('attach', wish('locked.dmg'))).toEqual(['encrypted'])
      const request = wish('locked.dmg', { isEncrypted: true })
      expect(await host.refusal('attach', wish('hfsplus.raw', { isEncrypted: true }))).toEqual([
        'not-encrypted',
      ])
      const none = await host.start(await host.plan('attach', request), request)
      expect([none.phase, none.error?.message]).toEqual(['failed', expect.stringContaining('kept nowhere')])
      const { ports } = host.host
      for (const [given, phase] of [
        ['battery staple', 'failed'],
        [secret, 'succeeded'],
      ] as const) {
        Object.assign(ports, { secret: Buffer.from(given) })
        const state = await host.start(await host.plan('attach', request), request)
        expect([state.phase, state.error?.code]).toEqual([phase, phase === 'failed' ? 'refused' : undefined])
        await expect(everythingBelow(host.place.path, ['locked.dmg', 'mac.json'])).resolves.not.toContain(
          given,
        )
      }
      expect(JSON.stringify(host.stand.calls())).not.toContain(secret)
      Object.assign(ports, { secret: undefined })
      await host.carryOut('detach', { target: file('locked.dmg') })
    })

    test('refused with a way out: other formats, ASIF before macOS 26, tools that fail, an image that is gone', async () => {
      const source = { path: file('hfsplus.raw'), format: null, reading: {} }
      await host.carryOut('convert', { sources: [source], target: file('a.qcow2'), format: 'qcow2' })
      const plan = await host.host.plan('attach', wish('a.qcow2'))
      expect(plan).toMatchObject({
        kind: 'refusal',
        problems: [{ id: 'no-way', remedy: expect.stringMatching(/varve convert .* varve serve /u) }],
      })
      await writeFile(join(host.stand.tools, 'hdiutil'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
      try {
        expect(await host.refusal('attach', wish('hfsplus.raw'))).toEqual(['no-way'])
        expect(await host.refusal('detach', { target: file('hfsplus.raw') })).toEqual(['no-way'])
      } finally {
        const again = await import('./testing/mac-stand-in.ts')
        again.openMac(host.place.path)
      }
      host.stand.change((state) => Object.assign(state, { failures: { 'hdiutil attach': 1 }, locale: 'zh' }))
      const request = wish('hfsplus.raw')
      const failed = await host.start(await host.plan('attach', request), request)
      expect(failed).toMatchObject({
        phase: 'failed',
        error: { code: 'tool-failed', message: expect.not.stringContaining('WARNING') },
      })
      host.stand.change((state) => Object.assign(state, { failures: { 'hdiutil attach': 35 } }))
      const busy = await host.start(await host.plan('attach', request), request)
      expect([busy.error?.code, await notes()]).toEqual(['in-use', []])
    })

    test('an image that is attached for writing is in use; read-only it may be read', async () => {
      const image = file('hfsplus.raw')
      const usesFor = async (purpose: 'read' | 'change') => {
        const find = host.host.ports.findWriters
        const { files } = await findUses([{ path: image }], { purpose, find })
        return files[0]?.uses
      }
      const use = { by: 'attached', machine: null, device: '/dev/disk4' }
      await host.carryOut('attach', wish('hfsplus.raw', { isWritten: true }), ['image-is-written'])
      expect([await usesFor('read'), await usesFor('change')]).toEqual([[use], [use]])
      await host.carryOut('detach', { target: image })
      await host.carryOut('attach', wish('hfsplus.raw'))
      expect([await usesFor('read'), await usesFor('change')]).toEqual([
        [],
        [{ ...use, device: '/dev/disk5' }],
      ])
      await host.carryOut('detach', { target: image })
    })

    test('a filesystem is mounted at a folder that is made for it, and all of it goes with the mount', async () => {
      const folder = file('mnt')
      const request = wish('apfs.raw', { folder })
      const { plan, state } = await host.carryOut('mount', request)
      expect(await host.shownOf(plan)).toEqual([
        expect.arrayContaining(['hdiutil', 'attach', '-readonly', file('apfs.raw')]),
        ['diskutil', 'mount', 'readOnly', '-mountPoint', folder, '/dev/APFS-VOLUME'],
      ])
      expect(state.steps.at(-1)?.attempts.at(-1)).toMatchObject({
        outcome: { device: '/dev/disk5s1', folder },
      })
      expect(host.stand.calls().at(-1)).toEqual([
        'diskutil',
        'mount',
        'readOnly',
        '-mountPoint',
        folder,
        '/dev/disk5s1',
      ])
      expect(await attachedNow()).toMatchObject([{ mounts: [{ device: '/dev/disk5s1', folder }] }])
      expect(await host.refusal('mount', request)).toEqual(['already-attached', 'folder-used'])
      expect(await host.refusal('detach', { target: '/dev/disk4' })).toEqual(['in-use'])
      host.stand.change((now) => Object.assign(now, { busy: { [folder]: 1 } }))
      await host.carryOut('umount', { folder })
      expect([host.stand.state().disks, existsSync(folder), await notes()]).toEqual([[], false, []])
    })

    test('a read-only attachment is mounted from as it is, and stays', async () => {
      await mkdir(file('empty'))
      await host.carryOut('attach', wish('apfs.raw'))
      const { state } = await host.carryOut('mount', wish('apfs.raw', { folder: file('empty') }))
      expect(state.steps.map(({ step }) => step.action)).toEqual(['prepare-folder', 'mount-disk-volume'])
      await host.carryOut('umount', { folder: file('empty') })
      expect([host.stand.state().disks.length, existsSync(file('empty'))]).toEqual([1, true])
      await host.carryOut('detach', { target: file('apfs.raw') })
    })

    test('a journal that is not clean is replayed into a shadow file, which goes with the mount', async () => {
      const bytes = await readFile(file('hfsplus.raw'))
      // "Volume attributes" of the volume header: bit 8 says that it was unmounted (TN1150).
      const isUnmounted = 0x100
      bytes.writeUInt32BE((bytes.readUInt32BE(1028) & ~isUnmounted) >>> 0, 1028)
      await writeFile(file('dirty.raw'), bytes)
      const { plan } = await host.carryOut('mount', wish('dirty.raw', { folder: file('mnt') }))
      expect(plan.warnings.map(({ id }) => id)).toContain('journal-replayed-aside')
      const [disk] = host.stand.state().disks
      expect([disk?.shadow, disk?.isWriteable]).toEqual([expect.stringContaining('/state/attached/'), true])
      expect(existsSync(disk?.shadow ?? '')).toBe(true)
      expect(await attachedNow()).toMatchObject([{ readOnly: true, throwAway: true }])
      await host.carryOut('umount', { folder: file('mnt') })
      expect([host.stand.state().disks, await notes()]).toEqual([[], []])
      expect(await readFile(file('dirty.raw'))).toEqual(bytes)
    })

    test('several volumes that could be meant are named; nothing is left of the attempt', async () => {
      host.stand.change((state) => {
        state.apfsVolumes = [
          { name: 'One', role: null },
          { name: 'Two', role: null },
        ]
      })
      const request = wish('apfs.raw', { folder: file('mnt') })
      const state = await host.start(await host.plan('mount', request), request)
      expect(state).toMatchObject({
        phase: 'failed',
        error: { code: 'refused', message: expect.stringContaining('/dev/disk5s2 "Two"') },
      })
      expect([host.stand.state().disks, existsSync(file('mnt')), await notes()]).toEqual([[], false, []])
    })
  },
)

/** The text of all files there but some. */
async function everythingBelow(folder: string, except: readonly string[]): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = names.filter(
    (one) => one.isFile() && !except.includes(one.name) && !/\.(?:raw|dmg|qcow2)$/u.test(one.name),
  )
  return (
    await Promise.all(files.map(async (one) => readFile(join(one.parentPath, one.name), 'latin1')))
  ).join('\n')
}
