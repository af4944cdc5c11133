import { examineByTool } from '@varve/operations/actions/examine-by-tool'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cmdletTables } from './testing/stand-ins.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const isPossible = process.platform !== 'win32' && pwsh !== null && tables !== null && requires('qemu-img')

const failing = (code: string) =>
  `Write-SystemError 'Die Kette der virtuellen Festplatten ist beschädigt.' ${code} 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.TestVhd' 'NotSpecified'`

describe.skipIf(!isPossible)('what Hyper-V says of an image', { timeout: 120_000 }, () => {
  let host: WindowsTestHost
  const at = (name: string) => host.place.file(name)

  async function ask(name: string) {
    const request = { image: { path: at(name), format: null, reading: {} }, by: 'hyper-v' }
    const plan = await host.plan('check', request)
    host.windows.calls.length = 0
    const state = await host.start(plan, request)
    const asked = state.steps.find(({ step }) => step.action === 'examine-by-tool')
    if (state.phase !== 'succeeded') return { error: state.error?.code }
    const { totals, findings } = examineByTool.outcome.parse(asked && outcomeOf(asked)).report
    return { ...totals, findings, shown: (await host.shownOf(plan))[0] }
  }

  beforeAll(async () => {
    if (pwsh === null || tables === null) return
    host = await WindowsTestHost.open({ pwsh, tables })
    await runToolOk('qemu-img', ['create', '-q', '-f', 'vhdx', at('a.vhdx'), '4M'])
    await host.carryOut('create', { target: at('over.vhdx'), format: 'vhdx', parent: { path: at('a.vhdx') } })
  })
  afterAll(async () => host[Symbol.asyncDispose]())
  beforeEach(async () => host.reset())

  test('is told beside what Varve finds: nothing, of a chain too', async () => {
    const found = await ask('over.vhdx')
    const called = host.changes()
    expect(found).toMatchObject({ corruptions: 0, findings: [], shown: called[0] })
    expect(called).toHaveLength(1)
  })

  test.each([
    ['0xC03A0002', /^Hyper-V: .*checksum is wrong/u],
    ['0xC03A000D', /its parent is not there/u],
    ['0xC03A000E', /its parent is another one/u],
    ['0xC03A001A', /compressed, encrypted or sparse/u],
  ])('as a finding in words of Varve: %s', async (code, words) => {
    host.windows.faults.set('Test-VHD', failing(code))
    expect(await ask('a.vhdx')).toMatchObject({
      corruptions: 1,
      findings: [{ id: 'tool-finds-corruption', message: expect.stringMatching(words) }],
    })
  })

  test('false without a reason is a finding, and so is another chain than that of Varve', async () => {
    host.windows.faults.set('Test-VHD', '$false')
    expect(await ask('a.vhdx')).toMatchObject({ findings: [{ id: 'tool-finds-corruption' }] })
    host.windows.faults.clear()
    host.windows.faults.set(
      'Get-VHD',
      `param($Bound) [pscustomobject]@{ Path = $Bound['Path'][0]; Size = [uint64] 4MB; VhdType = 'Dynamic'; ParentPath = '' }`,
    )
    expect(await ask('over.vhdx')).toMatchObject({ findings: [{ id: 'tool-reads-other-chain' }] })
  })

  test.each([
    ['who may not', '0x80070005', 'refused'],
    ['what somebody holds', '0x80070020', 'in-use'],
  ])('%s: that is no fault of the image', async (_what, code, error) => {
    host.windows.faults.set('Test-VHD', failing(code))
    expect(await ask('a.vhdx')).toEqual({ error })
  })
})
