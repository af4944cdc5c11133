import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { performAction } from '@varve/agent/actions/perform'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { findPowershell } from '@varve/test-kit/powershell'
import type { TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ntfsDisk, ntfsStart, ntfsTools, volumeFolder } from './testing/ntfs-disk.ts'
import { cmdletTables } from './testing/stand-ins.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const mib = 1024 ** 2
const stop = new AbortController().signal
const slow = { timeout: 600_000 }

/**
 * Over a Windows of the tests: the real scripts in the real PowerShell, and real VHDX files whose GPT and NTFS really get another size, by
 * Varve and ntfsresize. What it has not: a filesystem that Windows has mounted. The folder that stands for the volume is the same before and
 * after, sectors of 4,096 bytes and ReFS are not there, and a scan says what the test has it say.
 */
describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null || !requires(...ntfsTools))(
  'what is in an image gets another size on Windows',
  () => {
    let host: WindowsTestHost
    let made = ''
    let folder = ''

    beforeAll(async () => {
      if (pwsh && tables) host = await WindowsTestHost.open({ pwsh, tables })
      made = host.place.file('made.raw')
      await ntfsDisk(made)
      folder = await volumeFolder(host.place.file('volume'))
    }, 60_000)

    afterAll(async () => host[Symbol.asyncDispose]())
    beforeEach(async () => {
      await host.reset()
      await host.windows.set({ volumeFolder: folder })
    })

    async function imageAs(format: string, name = `it's a.${format}`): Promise<string> {
      const lib = host.place.file(`lib-${Math.random()}`)
      await mkdir(lib)
      const target = join(lib, name)
      const sources = [{ path: made, format: null, reading: {} }]
      await host.carryOut('convert', { sources, target, format })
      host.changes()
      return target
    }

    async function seen(path: string) {
      const { guest, ...report } = await inspectFile(path, { roots: null })
      if (guest === null) throw new Error(`nobody looked into ${path}`)
      return { ...report, guest }
    }

    /** Names beside the image, without the quarantine. */
    const beside = async (path: string) =>
      (await readdir(join(path, '..'))).filter((name) => !name.startsWith('.varve'))
    const names = (calls: readonly (readonly string[])[]) =>
      calls.map((words) =>
        words[0] === undefined ? '' : (words.find((word) => /^[A-Z][a-z]+-[A-Z]/u.test(word)) ?? ''),
      )

    async function tableIsSound(path: string): Promise<void> {
      const raw = host.place.file(`check-${Math.random()}.raw`)
      const sources = [{ path, format: null, reading: {} }]
      await host.carryOut('convert', { sources, target: raw, format: 'raw' })
      expect(await runToolOk('sgdisk', ['-v', raw])).toContain('No problems found')
    }

    test.each([
      ['vhdx', true],
      ['qcow2', false],
      ['raw', true],
    ])('%s grows with its partition and its NTFS; Hyper-V: %s', slow, async (format, isThere) => {
      if (!isThere)
        for (const name of ['Mount-VHD', 'Dismount-VHD', 'Resize-VHD', 'Get-VHD'])
          host.windows.missing.add(name)
      const image = await imageAs(format)
      const before = await seen(image)
      const request = { image, size: 64 * mib, isAdded: true, allContents: true }
      const { plan, state } = await host.carryOut('grow', request)
      expect(plan.steps.map(({ id }) => id)).toEqual([
        'work',
        ...(isThere ? ['extend'] : []),
        'attach',
        'online',
        'check-before',
        'digest-before',
        'filesystem',
        'check-after',
        'digest-after',
        'detach',
        'table',
        'write',
        'prove',
        'replace',
        'clean',
      ])
      expect(names(host.changes())).toEqual([
        ...(isThere ? ['Resize-VHD', 'Mount-VHD'] : ['Mount-DiskImage']),
        'Repair-Volume',
        'Resize-Partition',
        'Repair-Volume',
        isThere ? 'Dismount-VHD' : 'Dismount-DiskImage',
      ])
      const after = await seen(image)
      expect([after.format, after.virtualSize]).toEqual([format, 128 * mib])
      expect(after.guest.table.id).toBe(before.guest.table.id)
      expect(after.guest.table.partitions.map((one) => [one.start, one.length])).toEqual([
        [mib, 15 * mib],
        [ntfsStart, 111 * mib],
      ])
      expect(after.guest.filesystems.find((one) => one.start === ntfsStart)?.size).toBeGreaterThan(110 * mib)
      expect(after.guest.problems).toEqual([])
      await tableIsSound(image)
      expect(await beside(image)).toEqual([`it's a.${format}`])
      expect((await host.windows.state()).disks).toEqual([])
      // The original is kept, and comes back by the undo.
      expect((await host.undo(state)).phase).toBe('undone')
      expect((await seen(image)).virtualSize).toBe(64 * mib)
    })

    test(
      'it becomes smaller: the filesystem, its partition, the table and the disk; --min and --to',
      slow,
      async () => {
        const image = await imageAs('vhdx')
        const before = await seen(image)
        const { plan, state } = await host.carryOut('shrink', { image, to: null })
        expect(plan.steps.map(({ id }) => id)).toEqual([
          'work',
          'attach',
          'online',
          'check-before',
          'digest-before',
          'minimum',
          'filesystem',
          'check-after',
          'digest-after',
          'detach',
          'table',
          'write',
          'prove',
          'replace',
          'clean',
        ])
        const after = await seen(image)
        const [boot, data] = after.guest.table.partitions
        expect(boot).toEqual(before.guest.table.partitions[0])
        expect(after.virtualSize).toBeLessThan(48 * mib)
        expect((data?.start ?? 0) + (data?.length ?? 0)).toBeLessThan(after.virtualSize ?? 0)
        expect(after.guest.filesystems[0]?.size).toBeLessThan(data?.length ?? 0)
        expect(after.guest.problems).toEqual([])
        await tableIsSound(image)
        expect(await beside(image)).toEqual(["it's a.vhdx"])
        expect((await host.undo(state)).phase).toBe('undone')
        await host.carryOut('shrink', { image, to: 56 * mib })
        expect((await seen(image)).virtualSize).toBe(56 * mib)
        await tableIsSound(image)
        const request = { image, to: 21 * mib }
        const failed = await host.start(await host.plan('shrink', request), request)
        expect([failed.phase, failed.error?.code, failed.error?.message]).toEqual([
          'failed',
          'refused',
          expect.stringMatching(/no smaller than .*\(\d+ bytes\)/u),
        ])
        expect((await seen(image)).virtualSize).toBe(56 * mib)
        expect(await beside(image)).toEqual(["it's a.vhdx"])
        expect((await host.windows.state()).disks).toEqual([])
      },
    )

    const growing = (image: string) => ({ image, size: 64 * mib, isAdded: true })

    async function failsWith(image: string, request: object): Promise<unknown> {
      const failed = await host.start(await host.plan('grow', request), request)
      expect(failed.phase).toBe('failed')
      expect(await beside(image)).toEqual(["it's a.vhdx"])
      expect((await seen(image)).virtualSize).toBe(64 * mib)
      expect((await host.windows.state()).disks).toEqual([])
      const details = failed.error?.details as { readonly finding?: string } | undefined
      return details?.finding ?? failed.error?.code
    }

    test('where new disks stay offline, its own comes online, and no other', slow, async () => {
      const image = await imageAs('vhdx')
      const other = {
        number: 7,
        path: made,
        isReadOnly: true,
        isOffline: true,
        offlineReason: 'Policy',
        folders: {},
      }
      await host.windows.set({ keepsOffline: true, disks: [other] })
      await host.carryOut('grow', growing(image))
      expect(host.changes().filter((words) => words.includes('Set-Disk'))).toEqual([
        ['-Number 1', 'Set-Disk'],
      ])
      expect((await host.windows.state()).disks).toEqual([other])
    })

    test('what goes wrong ends it, with nothing left and the original as it was', slow, async () => {
      const image = await imageAs('vhdx')
      await host.windows.set({ scanned: 'ErrorsFound' })
      expect(await failsWith(image, growing(image))).toBe('filesystem-damaged')
      await host.windows.set({ scanned: 'NoErrorsFound' })
      const notDone = new Map([
        // It ends well, and nothing has changed.
        ['Resize-Partition', 'param($Bound) $null'],
        ['Resize-VHD', 'param($Bound) $null'],
      ])
      for (const [name, text] of notDone) {
        host.windows.faults.set(name, text)
        expect(await failsWith(image, growing(image))).toBe('tool-failed')
        host.windows.faults.clear()
      }
      const sizes = `[pscustomobject]@{ SizeMin = [uint64] 8MB; SizeMax = [uint64] 46MB }`
      host.windows.faults.set('Get-PartitionSupportedSize', sizes)
      expect(await failsWith(image, growing(image))).toBe('partition-size-unsupported')
      host.windows.faults.clear()
      host.windows.faults.set(
        'Get-Disk',
        String.raw`foreach ($disk in (Read-State).disks) { [pscustomobject]@{ Number = [uint32] $disk.number; BusType = 15; Location = $disk.path; Size = [uint64] 1MB; IsReadOnly = $false; IsOffline = $true; OfflineReason = 'Collision' } }`,
      )
      expect(await failsWith(image, growing(image))).toBe('disk-offline')
      host.windows.faults.clear()
      // Another answer for each question: the files are others after it.
      host.windows.faults.set(
        'Repair-Volume',
        String.raw`[IO.File]::AppendAllText((Read-State).volumeFolder + '/Users/words.txt', 'x'); 'NoErrorsFound'`,
      )
      expect(await failsWith(image, growing(image))).toBe('files-differ')
    })

    test('an MBR; a partition ends where Windows lets it', slow, async () => {
      const mbr = host.place.file('mbr.raw')
      await ntfsDisk(mbr, 'dos')
      // Windows keeps some of the end for itself.
      const sizes = `[pscustomobject]@{ SizeMin = [uint64] 8MB; SizeMax = [uint64] 111MB }`
      host.windows.faults.set('Get-PartitionSupportedSize', sizes)
      await host.carryOut('grow', growing(mbr))
      const { guest } = await seen(mbr)
      expect(guest.table.kind).toBe('mbr')
      expect(guest.table.partitions.map(({ length }) => length)).toEqual([15 * mib, 111 * mib])
      expect(guest.problems).toEqual([])
    })

    test('refused with the reason, and nothing is attached for a plan', slow, async () => {
      const image = await imageAs('vhdx')
      expect(await host.refusal('grow', { ...growing(image), isMoving: true, partition: 1 })).toContain(
        'not-on-windows',
      )
      expect(await host.refusal('grow', { ...growing(image), toGpt: true })).not.toEqual(['no refusal'])
      expect(await host.refusal('shrink', { image, to: 56 * mib, byFiles: true })).toContain('not-on-windows')
      host.windows.as = 'plain'
      host.windows.missing.add('Mount-VHD')
      const problems = await host.host.plan('grow', growing(image))
      expect(problems).toMatchObject({
        kind: 'refusal',
        problems: [{ id: 'not-elevated', remedy: expect.stringContaining('--partition none') as string }],
      })
      host.windows.as = 'elevated'
      host.windows.missing.add('Get-Disk')
      expect(await host.refusal('grow', growing(image))).toEqual(['no-way'])
      host.windows.missing.clear()
      await host.carryOut('attach', { image: { path: image, format: null, reading: {} }, inUse: 'refuse' })
      expect(await host.refusal('grow', growing(image))).toContain('already-attached')
      await host.carryOut('detach', { target: image })
      expect(host.changes().map((words) => words.at(-1))).not.toContain('Set-Disk')
    })

    test('an agent does it in its libraries, and touches no disk of another place', slow, async () => {
      if (!pwsh || !tables) return
      const roots = (place: TempPlace) => [place.file('lib')]
      await using agent = await WindowsTestHost.open({ pwsh, tables, roots })
      await mkdir(agent.place.file('lib'))
      await agent.windows.set({ volumeFolder: folder })
      const own = agent.place.file('lib/made.raw')
      await ntfsDisk(own)
      const image = agent.place.file('lib/web.vhdx')
      const sources = [{ path: own, format: null, reading: {} }]
      await agent.carryOut('convert', { sources, target: image, format: 'vhdx' })
      await agent.carryOut('grow', growing(image))
      expect((await seen(image)).virtualSize).toBe(128 * mib)
      const { ports } = agent.host
      const context = { ports, signal: stop, isResumed: false, onProgress: () => {} }
      const outside = { work: made, name: made, partition: 2, start: ntfsStart }
      const calls = {
        'bring-online': outside,
        'scan-volume': { ...outside, type: 'ntfs', when: 'before' },
        'digest-volume': { ...outside, type: 'ntfs', allContents: true, expected: null },
        'measure-partition': { ...outside, type: 'ntfs', length: mib, behind: 0, disk: null },
        'resize-by-storage': { ...outside, type: 'ntfs', way: 'grow', size: mib },
        'resize-vhd': { work: made, name: made, size: mib },
        'prove-table': { ...outside, kind: 'gpt', id: null, size: mib, others: [] },
      }
      agent.changes()
      for (const [action, input] of Object.entries(calls))
        await expect(performAction(agent.adapters, { action, input }, context), action).rejects.toMatchObject(
          { code: 'outside-library' },
        )
      expect(agent.changes()).toEqual([])
    })
  },
)
