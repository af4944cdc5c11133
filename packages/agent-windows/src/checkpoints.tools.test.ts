import { readdir, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { diagnoseFolder } from '@varve/operations/actions/diagnose-folder'
import { digestImage } from '@varve/operations/actions/digest-image'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { findPowershell } from '@varve/test-kit/powershell'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cmdletTables } from './testing/stand-ins.ts'
import { machineWith, type StandInMachine } from './testing/windows-stand-in.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()

describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null)(
  'checkpoints of Hyper-V',
  () => {
    let host: WindowsTestHost
    let image = ''
    let other = ''

    beforeAll(async () => {
      if (pwsh && tables) host = await WindowsTestHost.open({ pwsh, tables })
      const disk = Buffer.alloc(8 * 1024 ** 2, 'varve ')
      disk.set(mbrSector(disk.length))
      await writeFile(host.place.file('disk.raw'), disk)
    }, 60_000)

    afterAll(async () => host[Symbol.asyncDispose]())

    let count = 0
    beforeEach(async () => {
      await host.reset()
      count += 1
      image = host.place.file(`it's ${count}.vhdx`)
      other = host.place.file(`data ${count}.vhdx`)
      for (const target of [image, other])
        await host.carryOut('convert', { sources: [raw()], target, format: 'vhdx' })
    })

    const raw = () => ({ path: host.place.file('disk.raw'), format: null, reading: {} })
    const has = async (more: Partial<StandInMachine>) =>
      host.windows.set({ machines: [machineWith(image, more)] })
    const machine = async () => {
      const [found] = (await host.windows.state()).machines
      if (!found) throw new Error('there is no machine')
      return found
    }
    const names = async () => (await machine()).checkpoints.map(({ name }) => name)
    const digestOf = async (path: string) => {
      const address = { path, format: null, reading: {} }
      const { state } = await host.carryOut('digest', { image: address, inUse: 'accept', sha256: false })
      const [step] = state.steps
      return step && digestImage.outcome.parse(outcomeOf(step)).digest
    }

    test('one is made while the machine runs, undone, and made again; what is shown is what is called', async () => {
      await has({ state: 'Running' })
      const { plan, state } = await host.carryOut('snapshot-create', { image, name: "vor 'Update'" })
      expect(await host.shownOf(plan)).toEqual(host.changes())
      expect(await names()).toEqual(["vor 'Update'"])
      const [active] = (await machine()).drives
      expect(basename(active?.path ?? '')).toMatch(/_[0-9A-F-]{36}\.avhdx$/u)
      const undone = await host.undo(state)
      expect([undone.phase, undone.error?.message]).toEqual(['undone', undefined])
      expect(await names()).toEqual([])
      expect((await machine()).drives).toMatchObject([{ path: image }])
      await host.carryOut('snapshot-create', { image, name: "vor 'Update'" })
      expect(await host.refusal('snapshot-create', { image, name: "vor 'Update'" })).toEqual([
        'snapshot-exists',
      ])
    })

    test('one of another kind: the machine is set to it, and back; undone, nothing is left', async () => {
      await has({ state: 'Running' })
      const wish = { image, name: 'still', checkpoint: 'production' }
      const { plan, state } = await host.carryOut('snapshot-create', wish)
      expect(await host.shownOf(plan)).toEqual(host.changes())
      expect(plan.steps.map(({ id }) => id)).toEqual(['kind', 'create', 'kind-back'])
      expect([await names(), (await machine()).checkpointType]).toEqual([['still'], 'Production'])
      expect((await host.undo(state)).phase).toBe('undone')
      expect([await names(), (await machine()).checkpointType]).toEqual([[], 'Production'])
      // Cut off behind the first step, it is set back.
      host.windows.faults.set(
        'Checkpoint-VM',
        "Write-Error -Message 'x' -ErrorId 'OperationFailed' -Category NotSpecified",
      )
      await expect(host.carryOut('snapshot-create', wish)).rejects.toThrow()
      expect([await names(), (await machine()).checkpointType]).toEqual([[], 'Production'])
    })

    test('a machine that is off goes back to one, all its disks with it, and back again', async () => {
      await has({
        state: 'Off',
        drives: [image, other].map((path, at) => ({ ...drive, path, controllerLocation: at })),
      })
      await host.carryOut('snapshot-create', { image, name: 'first' })
      const before = (await machine()).drives
      const { plan, state } = await host.carryOut('snapshot-apply', {
        image: before[0]?.path ?? '',
        name: 'first',
      })
      expect(plan.warnings.map(({ id }) => id)).toEqual(['all-disks-of-machine', 'state-is-kept'])
      expect(plan.subjects.map(({ path }) => path)).toEqual(before.map(({ path }) => path))
      const [first, kept] = (await machine()).checkpoints
      expect(kept?.name).toMatch(/^varve-before-/u)
      expect(kept?.drives).toEqual(before)
      expect((await machine()).parentId).toBe(first?.id)
      expect((await host.undo(state)).phase).toBe('undone')
      expect(await names()).toEqual(['first'])
      expect(await machine()).toMatchObject({ parentId: first?.id, drives: before })
    })

    test('one is removed after a word by name, and the disk is what it was', async () => {
      await has({ state: 'Off' })
      await host.carryOut('snapshot-create', { image, name: 'first' })
      const [active] = (await machine()).drives
      const digest = await digestOf(active?.path ?? '')
      const { plan } = await host.carryOut('snapshot-delete', { image, name: 'first' }, ['snapshot-lost'])
      expect(plan.steps.map(({ action }) => action)).toEqual(['delete-checkpoint'])
      expect((await machine()).drives).toMatchObject([{ path: image }])
      expect(await digestOf(image)).toEqual(digest)
      expect(await readdir(host.place.path)).not.toContain(basename(active?.path ?? ''))
    })

    test('refused where Hyper-V would not do it, or lose what runs', async () => {
      await has({ state: 'Running', checkpointType: 'Disabled' })
      expect(await host.refusal('snapshot-create', { image, name: 'a' })).toEqual(['checkpoints-disabled'])
      await has({ state: 'Running' })
      const external = { image, name: 'a', kind: 'external' }
      expect(await host.refusal('snapshot-create', external)).toEqual(['disk-of-machine'])
      await has({ state: 'Running', isMerging: true })
      expect(await host.refusal('snapshot-create', { image, name: 'a' })).toEqual(['machine-merges'])
      const checkpoint = {
        id: '11111111-8b86-d011-b42d-00cf4fc964ff',
        name: 'a',
        parentId: null,
        isAutomatic: true,
        drives: [{ ...drive, path: image }],
      }
      await has({ state: 'Running', checkpoints: [{ ...checkpoint, type: 'Recovery' }] })
      expect(await host.refusal('snapshot-apply', { image, name: 'a' })).toEqual(['machine-runs'])
      expect(await host.refusal('snapshot-apply', { image, name: 'b' })).toEqual([
        'snapshot-missing',
        'machine-runs',
      ])
      const plan = await host.plan('snapshot-delete', { image, name: 'a' })
      expect(plan.warnings.flatMap(({ id, asks }) => (asks ? [id] : []))).toEqual([
        'checkpoint-of-backup',
        'snapshot-lost',
      ])
    })

    test('a machine that starts after the plan keeps what it does', async () => {
      await has({ state: 'Off' })
      await host.carryOut('snapshot-create', { image, name: 'first' })
      const request = { image, name: 'first' }
      const plan = await host.plan('snapshot-apply', request)
      const found = await machine()
      await host.windows.set({ machines: [{ ...found, state: 'Running' }] })
      const state = await host.start(plan, request)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'in-use'])
      expect(await machine()).toEqual({ ...found, state: 'Running' })
    })

    test('the doctor tells files of checkpoints that no machine has', async () => {
      await has({ state: 'Off' })
      await host.carryOut('snapshot-create', { image, name: 'first' })
      const [active] = (await machine()).drives
      const doctor = async () => {
        const { state } = await host.carryOut('doctor', {
          folder: host.place.path,
          oldDays: 90,
          digest: false,
        })
        const [step] = state.steps
        const found = step ? diagnoseFolder.outcome.parse(outcomeOf(step)).findings : []
        return found.flatMap(({ id, file }) => (id === 'checkpoint-without-machine' ? [file] : []))
      }
      expect(await doctor()).not.toContain(active?.path)
      await host.windows.set({ machines: [] })
      expect(await doctor()).toContain(active?.path)
    })

    test('a disk that is written anew can be opened by its machine still', async () => {
      await has({ state: 'Off' })
      const request = { image, size: 16 * 1024 ** 2, partition: 'none' }
      const plan = await host.plan('grow', request)
      const { error } = await host.start(plan, request)
      expect(error).toBeNull()
      expect(host.accessCopied.splice(0)).toEqual([[image, expect.stringMatching(/\.part$/u)]])
    })

    test('what checkpoints stand on is not changed, moved or deleted, and can be read', async () => {
      const digest = await digestOf(image)
      await has({ state: 'Off' })
      await host.carryOut('snapshot-create', { image, name: 'first' })
      expect(await host.refusal('delete', { image })).toContain('in-use')
      expect(await host.refusal('grow', { image, size: 16 * 1024 ** 2, partition: 'none' })).toContain(
        'in-use',
      )
      expect(await digestOf(image)).toBe(digest)
    })
  },
)

const drive = { path: '', controllerType: 'SCSI', controllerNumber: 0, controllerLocation: 0 } as const
