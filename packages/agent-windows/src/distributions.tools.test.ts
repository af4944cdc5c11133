import { readdir, stat, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { diagnoseFolder } from '@varve/operations/actions/diagnose-folder'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cmdletTables } from './testing/stand-ins.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const debian = '{3F1C2A77-11B2-4C55-9D0E-52F7A2B1C0DE}'
const mib = 1024 ** 2
const waits = { diskSeconds: 5, lateMs: 5000, standstillMs: 1000, releaseMs: 1000, everyMs: 100 }

describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null)(
  'disks of distributions of WSL',
  () => {
    let host: WindowsTestHost
    let image = ''

    beforeAll(async () => {
      if (pwsh && tables) host = await WindowsTestHost.open({ pwsh, tables, waits })
      const disk = Buffer.alloc(8 * mib, 'varve ')
      disk.set(mbrSector(disk.length))
      await writeFile(host.place.file('disk.raw'), disk)
    }, 60_000)

    afterAll(async () => host[Symbol.asyncDispose]())

    beforeEach(async () => {
      await host.reset()
      // What Windows takes for a folder and a file is one name here.
      image = `${host.place.file(`it's ${crypto.randomUUID()}`)}\\ext4.vhdx`
      const raw = { path: host.place.file('disk.raw'), format: null, reading: {} }
      await host.carryOut('convert', { sources: [raw], target: image, format: 'vhdx' })
      const own = String.raw`HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Lxss`
      await host.windows.set({
        registry: {
          keys: {
            [String.raw`HKEY_USERS\S-1-5-21-1`]: {},
            [`${own}\\${debian}`]: {
              DistributionName: 'Debian',
              BasePath: image.slice(0, -'\\ext4.vhdx'.length),
              Flags: 15,
              State: 1,
            },
          },
          files: { [image]: 0x220 },
        },
      })
    })

    const address = () => ({ path: image, format: null, reading: {} })

    test('one that runs is not changed, and the way out is said', async () => {
      await host.windows.set({ running: ['debian'] })
      const grow = { image, size: 16 * mib, partition: 'none' }
      const refused = await host.host.plan('grow', grow)
      expect(refused).toMatchObject({
        kind: 'refusal',
        problems: [{ id: 'in-use', remedy: expect.stringContaining('wsl --shutdown') }],
      })
      expect(await host.refusal('delete', { image })).toContain('in-use')
    })

    test('one that is off is read, and its container grows; its GPT or filesystem is left alone', async () => {
      await host.carryOut('digest', { image: address(), inUse: 'refuse', sha256: false })
      await host.carryOut('grow', { image, size: 16 * mib, partition: 'none' })
      expect((await host.plan('grow', { image, size: 32 * mib, partition: 'none' })).summary).toContain(
        'from 16.0 MiB to 32.0 MiB',
      )
    })

    test('who deletes one that is off is told what needs it', async () => {
      const needs = expect.objectContaining({
        id: 'distribution-needs-it',
        severity: 'warn',
        remedy: expect.stringContaining('wsl --manage Debian --move'),
      })
      expect((await host.plan('delete', { image })).warnings).toContainEqual(needs)
    })

    test('one that starts after the plan keeps what it does', async () => {
      const request = { image, size: 16 * mib, partition: 'none' }
      const plan = await host.plan('grow', request)
      await host.windows.set({ running: ['Debian'] })
      const state = await host.start(plan, request)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'in-use'])
    })

    test('grown by WSL, with its ext4; what is shown is what runs', async () => {
      const request = { image, size: 16 * mib }
      const { plan } = await host.carryOut('grow', request)
      expect(plan.warnings.map(({ id }) => id)).toEqual(['original-not-kept'])
      expect(plan.steps.map(({ action, input }) => [action, input])).toEqual([
        ['resize-distribution', { image, distribution: 'Debian', size: 16 * mib }],
      ])
      expect((await inspectFile(image, { roots: null })).virtualSize).toBe(16 * mib)
      expect(await host.refusal('grow', request)).toEqual(['not-larger'])
    })

    test('WSL that is too old, one that runs, and one that starts meanwhile', async () => {
      const request = { image, size: 16 * mib }
      for (const wslVersion of ['2.4.13.0', null]) {
        await host.windows.set({ wslVersion })
        expect(await host.refusal('grow', request)).toEqual(['wsl-too-old'])
      }
      await host.windows.set({ wslVersion: '3.0.0' })
      const plan = await host.plan('grow', request)
      await host.windows.set({ running: ['Debian'] })
      expect(await host.refusal('grow', request)).toContain('in-use')
      const state = await host.start(plan, request)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'in-use'])
      expect((await inspectFile(image, { roots: null })).virtualSize).toBe(8 * mib)
    })

    const distributionNow = async () => {
      const { registry, running } = await host.windows.state()
      const [own] = Object.values(registry.keys).filter((key) => typeof key === 'object' && 'BasePath' in key)
      return { own, running }
    }
    const notSparse = async (more: object = {}) => {
      const { registry } = await host.windows.state()
      await host.windows.set({ registry: { ...registry, files: { [image]: 0x20 } }, ...more })
    }
    const reclaim = () => ({ image, inPlace: true })
    const consent = ['in-place', 'distribution-starts']

    test('compacted in place: it trims itself, is ended, and its disk is the same', async () => {
      await notSparse()
      const { plan, state } = await host.carryOut('reclaim', reclaim(), consent)
      expect(plan.warnings.filter(({ asks }) => asks).map(({ id }) => id)).toEqual(consent.toSorted())
      expect(plan.steps.map(({ action }) => action)).toEqual([
        'trim-distribution',
        'stop-distribution',
        'digest-image',
        'attach-vhd',
        'compact-vhd',
        'detach-vhd',
        'prove-unchanged',
        'check-image',
      ])
      expect(state.steps[0]?.told).toBe('1.20 GiB discarded')
      expect((await distributionNow()).running).toEqual([])
      expect((await host.windows.state()).disks).toEqual([])
    })

    test('not while it runs, not while it is sparse, not one of others', async () => {
      expect(await host.refusal('reclaim', reclaim())).toEqual(['not-for-hyper-v'])
      await notSparse({ running: ['Debian'] })
      expect(await host.refusal('reclaim', reclaim())).toContain('in-use')
      expect((await distributionNow()).running).toEqual(['Debian'])
    })

    test('one whose disk is held by the machine of WSL is said how it is let go, and nothing is compacted', async () => {
      await notSparse({ keepsDisks: true })
      const plan = await host.plan('reclaim', reclaim())
      host.changes()
      const state = await host.start(plan, reclaim(), consent)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'in-use'])
      expect(host.changes()).toEqual([])
    })

    test('one that cannot trim itself is ended again', async () => {
      await notSparse({ trimFails: true })
      const plan = await host.plan('reclaim', reclaim())
      const state = await host.start(plan, reclaim(), consent)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'tool-failed'])
      expect(state.error?.message).toContain('discard operation is not supported')
      expect((await distributionNow()).running).toEqual([])
    })

    test('made a plain file, and sparse again after a word', async () => {
      await host.carryOut('set-sparse', { image, isSparse: false })
      expect((await host.windows.state()).registry.files[image]).toBe(0x20)
      expect(await host.refusal('set-sparse', { image, isSparse: false })).toEqual(['already-so'])
      const { plan } = await host.carryOut('set-sparse', { image, isSparse: true }, ['sparse-unsafe'])
      expect(plan.warnings.flatMap(({ id, asks }) => (asks ? [id] : []))).toEqual(['sparse-unsafe'])
      expect((await host.windows.state()).registry.files[image]).toBe(0x220)
      expect(
        await host.refusal('set-sparse', { image: host.place.file('disk.raw'), isSparse: true }),
      ).toEqual(['not-of-distribution'])
    })

    test('moved by WSL to another folder, and back when it is undone', async () => {
      const folder = host.place.file(`moved ${crypto.randomUUID()}`)
      const target = `${folder}\\ext4.vhdx`
      const request = { source: image, target, folders: [] }
      const { plan, state } = await host.carryOut('move', request)
      expect(plan.steps.map(({ action }) => action)).toEqual([
        'digest-image',
        'move-distribution',
        'prove-unchanged',
      ])
      expect((await distributionNow()).own).toMatchObject({ BasePath: folder })
      expect((await inspectFile(target, { roots: null })).virtualSize).toBe(8 * mib)
      expect((await host.undo(state)).phase).toBe('undone')
      expect((await distributionNow()).own).toMatchObject({
        BasePath: image.slice(0, -'\\ext4.vhdx'.length),
      })
      expect(await host.refusal('move', { ...request, target: `${folder}\\other.vhdx` })).toEqual([
        'only-a-folder',
      ])
      await host.windows.set({ wslVersion: '2.0.0.0' })
      expect(await host.refusal('move', request)).toEqual(['wsl-too-old'])
    })

    test('moved half by a WSL that fails, the file is brought back', async () => {
      await host.windows.set({ movesHalf: true })
      const target = `${host.place.file(`half ${crypto.randomUUID()}`)}\\ext4.vhdx`
      const request = { source: image, target, folders: [] }
      const state = await host.start(await host.plan('move', request), request)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'tool-failed'])
      await stat(image)
      await expect(stat(target)).rejects.toThrow()
    })

    test('exported to a VHDX that is proven to be the same disk', async () => {
      const target = host.place.file(`export ${crypto.randomUUID()}.vhdx`)
      const { plan } = await host.carryOut('export-distribution', { image, target })
      expect(plan.steps.map(({ action }) => action)).toEqual([
        'digest-image',
        'export-distribution',
        'prove-image',
        'publish-image',
      ])
      expect((await inspectFile(target, { roots: null })).virtualSize).toBe(8 * mib)
      expect(await host.refusal('export-distribution', { image, target })).toEqual(['target-exists'])
      const raw = host.place.file('x.tar')
      expect(await host.refusal('export-distribution', { image, target: raw })).toEqual(['only-vhdx'])
    })

    test('an export that is another disk gets no name, and nothing is left of it', async () => {
      await host.windows.set({ exportDiffers: true })
      const target = host.place.file(`export ${crypto.randomUUID()}.vhdx`)
      const request = { image, target }
      const state = await host.start(await host.plan('export-distribution', request), request)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'digest-mismatch'])
      expect((await readdir(host.place.path)).filter((name) => name.includes(basename(target)))).toEqual([])
    })

    describe.skipIf(!requires('mkfs.ext4'))('a VHDX with an ext4', () => {
      let source = ''

      beforeEach(async () => {
        const raw = host.place.file('ext4.raw')
        await writeFile(raw, Buffer.alloc(8 * mib))
        await runToolOk('mkfs.ext4', ['-q', '-F', raw])
        // A folder and a file in it, as above.
        source = `${host.place.file(`source ${crypto.randomUUID()}`)}\\new.vhdx`
        const address = { path: raw, format: 'raw', reading: {} }
        await host.carryOut('convert', { sources: [address], target: source, format: 'vhdx' })
      })

      test('becomes a distribution by a copy, and is unregistered when that is undone', async () => {
        const folder = host.place.file(`into ${crypto.randomUUID()}`)
        const request = { image: source, name: 'Copy', folder }
        const { state } = await host.carryOut('import-distribution', request)
        const path = `${folder}\\ext4.vhdx`
        expect(state.steps[0]?.told).toBe(path)
        expect(await host.refusal('import-distribution', request)).toEqual(['name-taken'])
        expect((await host.undo(state)).phase).toBe('undone')
        await expect(stat(path)).rejects.toThrow()
        await stat(source)
      })

      test('becomes one itself after a word, and stays when that is undone', async () => {
        const request = { image: source, name: 'Itself', folder: null }
        const { plan, state } = await host.carryOut('import-distribution', request, ['becomes-distribution'])
        expect(plan.warnings.flatMap(({ id, asks }) => (asks ? [id] : []))).toEqual(['becomes-distribution'])
        await host.undo(state)
        await stat(source)
      })

      test('refused: another format, no ext4 in it, no WSL', async () => {
        const asked = (of: string) => ({ image: of, name: 'New', folder: null })
        expect(await host.refusal('import-distribution', asked(host.place.file('disk.raw')))).toContain(
          'only-vhdx',
        )
        expect(await host.refusal('import-distribution', asked(image))).toContain('only-ext4')
        await host.windows.set({ wslVersion: null })
        expect(await host.refusal('import-distribution', asked(source))).toEqual(['no-wsl'])
      })
    })

    test('the doctor tells that it is sparse', async () => {
      const request = { folder: host.place.path, oldDays: 90, digest: false }
      const { state } = await host.carryOut('doctor', request)
      const [step] = state.steps
      const found = step ? diagnoseFolder.outcome.parse(outcomeOf(step)).findings : []
      expect(found).toContainEqual(
        expect.objectContaining({ id: 'disk-of-distribution-sparse', file: image }),
      )
    })
  },
)
