import { copyFile, readFile, readdir } from 'node:fs/promises'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cmdletTables } from './testing/stand-ins.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'
import { machineWith } from './testing/windows-stand-in.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const isPossible = process.platform !== 'win32' && pwsh !== null && tables !== null && requires('qemu-img')

describe.skipIf(!isPossible)('a parent that Hyper-V names', { timeout: 120_000 }, () => {
  let host: WindowsTestHost
  const at = (name: string) => host.place.file(name)
  const image = () => ({ kind: 'image', path: at('over.vhdx'), roots: null, format: 'vhdx' }) as const
  const request = (parent = 'other.vhdx') => ({ image: at('over.vhdx'), parent: at(parent), by: 'hyper-v' })
  const digest = async () => (await digestDisk(image(), { inUse: 'accept' })).digest
  const parent = async () => (await inspectInput(image())).chain[1]?.path

  beforeEach(async () => {
    if (pwsh === null || tables === null) return
    host = await WindowsTestHost.open({ pwsh, tables })
    const raw = at('a.raw')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, '4M'])
    await runToolOk('qemu-io', ['-f', 'raw', '-c', 'write -q -P 7 1M 300k', raw])
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'vhdx', raw, at('base.vhdx')])
    await host.carryOut('create', {
      target: at('over.vhdx'),
      format: 'vhdx',
      parent: { path: at('base.vhdx') },
    })
    await copyFile(at('base.vhdx'), at('other.vhdx'))
    host.windows.calls.length = 0
  })
  afterEach(async () => host[Symbol.asyncDispose]())

  test('is written into a copy; the original is kept, and given back as it was', async () => {
    const [before, disk] = [await readFile(at('over.vhdx')), await digest()]
    const { plan, state } = await host.carryOut('chain-repoint', request())
    expect(plan.steps.map(({ id, action }) => `${id}: ${action}`)).toEqual([
      'prove: prove-same-disk',
      'copy: stage-copy',
      'replace: replace-image',
      'repoint: set-parent',
      'check: check-image',
    ])
    expect(host.changes()).toEqual([(await host.shownOf(plan))[3]])
    expect([await parent(), await digest()]).toEqual([at('other.vhdx'), disk])
    expect(host.accessCopied).toHaveLength(1)
    expect(await host.undo(state)).toMatchObject({ phase: 'undone', undoFailures: [] })
    expect((await readFile(at('over.vhdx'))).equals(before)).toBe(true)
    expect(await parent()).toBe(at('base.vhdx'))
  })

  test.each([
    ['does nothing and says that it did', '', 'tool-failed'],
    [
      'finds another identity',
      `Write-SystemError 'Die Kennung stimmt nicht überein.' 0xC03A000E 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.SetVhd' 'NotSpecified'`,
      'refused',
    ],
    ['damages it', `[IO.File]::WriteAllBytes($Bound['Path'], [byte[]]::new(70000))`, 'tool-failed'],
  ])('where it %s, the original is back', async (_what, fault, code) => {
    const before = await readFile(at('over.vhdx'))
    host.windows.faults.set('Set-VHD', `param($Bound)\n${fault}`)
    const state = await host.start(await host.plan('chain-repoint', request()), request())
    expect(state).toMatchObject({ phase: 'failed', error: { code }, undoFailures: [] })
    expect((await readFile(at('over.vhdx'))).equals(before)).toBe(true)
    expect((await readdir(host.place.path)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('of another disk is never written, and nothing of what a machine runs from', async () => {
    await runToolOk('qemu-img', ['create', '-q', '-f', 'vhdx', at('blank.vhdx'), '4M'])
    const plan = await host.host.plan('chain-repoint', request('blank.vhdx'))
    if (plan.kind === 'plan')
      expect(await host.start(plan, request('blank.vhdx'))).toMatchObject({ phase: 'failed' })
    expect(host.changes()).toEqual([])
    await host.windows.set({ machines: [machineWith(at('over.vhdx'))] })
    const used = await host.host.plan('chain-repoint', request())
    if (used.kind === 'plan')
      expect(await host.start(used, request())).toMatchObject({ phase: 'failed', error: { code: 'in-use' } })
    expect(host.changes()).toEqual([])
    expect(await parent()).toBe(at('base.vhdx'))
  })
})
