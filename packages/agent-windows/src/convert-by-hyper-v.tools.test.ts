import { readdir } from 'node:fs/promises'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cmdletTables } from './testing/stand-ins.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'
import { machineWith } from './testing/windows-stand-in.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const isPossible = process.platform !== 'win32' && pwsh !== null && tables !== null && requires('qemu-img')

const imageAt = (path: string, format: 'vhd' | 'vhdx') =>
  ({ kind: 'image', path, roots: null, format }) as const
const digestOf = async (path: string, format: 'vhd' | 'vhdx' = 'vhdx') =>
  (await digestDisk(imageAt(path, format), { inUse: 'accept' })).digest
const writeLie = (text: string) => `param($Bound)\n$to = $Bound['DestinationPath']\n${text}`

describe.skipIf(!isPossible)('a conversion by Hyper-V', { timeout: 120_000 }, () => {
  let host: WindowsTestHost
  const at = (name: string) => host.place.file(name)
  const request = (target: string, more: object = {}) => ({
    sources: [{ path: at('a.vhdx'), format: 'vhdx', reading: {} }],
    target: at(target),
    format: target.endsWith('.vhd') ? 'vhd' : 'vhdx',
    by: 'hyper-v',
    ...more,
  })
  const left = async () => (await readdir(host.place.path)).filter((name) => /\.part$|^b\./u.test(name))

  beforeAll(async () => {
    if (pwsh === null || tables === null) return
    host = await WindowsTestHost.open({ pwsh, tables })
    const raw = at('a.raw')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, '4M'])
    await runToolOk('qemu-io', ['-f', 'raw', '-c', 'write -q -P 7 1M 300k', raw])
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'vhdx', raw, at('a.vhdx')])
  })
  afterAll(async () => host[Symbol.asyncDispose]())
  beforeEach(async () => {
    await host.reset()
    await host.windows.set({ disks: [] })
  })

  test.each([
    ['b.vhd', 'dynamic', 'Dynamic'],
    ['b.vhdx', 'fixed', 'Fixed'],
  ])('into %s %s: what is shown is called, and it is proven', async (name, subformat, kind) => {
    const asked = request(name, { subformat })
    const plan = await host.plan('convert', asked)
    expect(plan.steps.map(({ id, action }) => `${id}: ${action}`)).toEqual([
      'digest: digest-image',
      'write: write-by-tool',
      'prove: prove-image',
      'publish: publish-image',
    ])
    host.windows.calls.length = 0
    const state = await host.start(plan, asked)
    expect(state.phase).toBe('succeeded')
    const [, shown] = await host.shownOf({
      ...plan,
      steps: state.steps.map(({ step, attempts }) => ({ ...step, input: attempts.at(-1)?.call.input })),
    })
    expect(host.changes()).toEqual([shown])
    expect(shown?.join(' ')).toContain(`-VHDType ${kind}`)
    const format = name === 'b.vhd' ? 'vhd' : 'vhdx'
    expect(await digestOf(at(name), format)).toBe(await digestOf(at('a.vhdx')))
    expect((await inspectInput(imageAt(at(name), format))).subformat).toBe(subformat)
    expect(await left()).toEqual([name])
    expect((await host.undo(state)).phase).toBe('undone')
    expect(await left()).toEqual([])
  })

  test('of a disk with parents has the disk of all of them', async () => {
    await host.carryOut('create', { target: at('over.vhdx'), format: 'vhdx', parent: { path: at('a.vhdx') } })
    const source = { path: at('over.vhdx'), format: 'vhdx', reading: {} }
    const { state } = await host.carryOut('convert', { ...request('b.vhdx'), sources: [source] })
    expect(await digestOf(at('b.vhdx'))).toBe(await digestOf(at('a.vhdx')))
    expect((await inspectInput(imageAt(at('b.vhdx'), 'vhdx'))).chain).toHaveLength(1)
    await host.undo(state)
  })

  test.each([
    ['writes nothing', writeLie(''), 'tool-failed'],
    ['writes half', writeLie(`[IO.File]::WriteAllBytes($to, [byte[]]::new(70000))`), 'tool-failed'],
    ['writes another disk', writeLie(`Invoke-Varve create $to --size 4M -O vhdx`), 'digest-mismatch'],
    [
      'writes another kind',
      writeLie(
        `Invoke-Varve convert $Bound['Path'] $to -O vhdx --subformat fixed --accept raw-unrecognised --yes`,
      ),
      'tool-failed',
    ],
    [
      'writes an overlay of the source',
      writeLie(`Invoke-Varve create $to --backing $Bound['Path'] -O vhdx`),
      'tool-failed',
    ],
    [
      'finds the disk full, and says so in German',
      writeLie(
        `Write-SystemError 'Es steht nicht genug Speicherplatz zur Verfügung.' 0x80070070 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.ConvertVhd' 'NotSpecified'`,
      ),
      'no-space',
    ],
    [
      'finds it sparse',
      writeLie(
        `Write-SystemError 'Virtuelle Festplatten dürfen nicht komprimiert sein.' 0xC03A001A 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.ConvertVhd' 'NotSpecified'`,
      ),
      'refused',
    ],
  ])('a cmdlet that %s leaves nothing', async (_what, fault, code) => {
    host.windows.faults.set('Convert-VHD', fault)
    const asked = request('b.vhdx')
    const state = await host.start(await host.plan('convert', asked), asked)
    expect(state).toMatchObject({ phase: 'failed', undoFailures: [] })
    expect(state.error?.code).toBe(code)
    expect(await left()).toEqual([])
  })

  test('is not begun of what a machine runs from, and refused where Hyper-V is not', async () => {
    await host.windows.set({ machines: [machineWith(at('a.vhdx'))] })
    const asked = request('b.vhdx')
    const state = await host.start(await host.plan('convert', asked), asked)
    expect(state).toMatchObject({ phase: 'failed', error: { code: 'in-use' } })
    expect(host.changes()).toEqual([])
    await host.windows.set({ machines: [] })
    host.windows.missing.add('Mount-VHD').add('Get-VM').add('Convert-VHD')
    expect(await host.refusal('convert', asked)).toEqual(['tool-missing'])
  })
})
