import { DiskError } from '@varve/core/problems/disk-error'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { askScript } from './ask-script.ts'
import { ScriptError, type ScriptFailure } from './script-error.ts'
import { hasFailedForGood, scriptProblem } from './script-problem.ts'

const file = String.raw`D:\vm\web.vhdx`

function problemOf(failure: Partial<ScriptFailure>): DiskError {
  const whole = { id: 'x', category: 'NotSpecified', codes: [], message: 'x', line: 1, ...failure }
  const problem = scriptProblem(new ScriptError('mount-image', whole), { file, waitedSeconds: 20 })
  if (problem instanceof DiskError) return problem
  throw new TypeError('it is no coded error')
}

const mount = 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.MountVhd'
const words = {
  german: 'Der Prozess kann nicht auf die Datei zugreifen, da sie von einem anderen Prozess verwendet wird.',
  spanish: 'El sistema no puede encontrar el archivo especificado: disco lleno, acceso denegado.',
  chinese: '无法将“Mount-VHD”项识别为 cmdlet、函数、脚本文件或可运行程序的名称。',
  korean: '가상 디스크를 압축하지 못했습니다. The file exists.',
}

test.each([
  ['0x80070002', 'not-found', 'L1', ''],
  ['0x80070003', 'not-found', 'L1', ''],
  ['0x80070005', 'refused', 'L1', 'not-elevated'],
  ['0x80070522', 'refused', 'L1', 'not-elevated'],
  ['0x80070020', 'in-use', 'L1', ''],
  ['0x80070050', 'target-exists', 'L1', ''],
  ['0x80070070', 'no-space', 'L1', ''],
  ['0xC03A0003', 'corrupt', 'L2', ''],
  ['0xC03A000D', 'refused', 'L2', 'parent-missing'],
  ['0xC03A000E', 'refused', 'L2', 'parent-mismatch'],
  ['0xC03A0012', 'refused', 'L2', 'size-unsupported'],
  ['0xC03A0017', 'refused', 'L2', 'parent-mismatch'],
  ['0xC03A001A', 'refused', 'L1', 'file-attributes'],
] as const)('%s is %s in every language', (code, is, layer, finding) => {
  const problems = Object.values(words).map((message) =>
    problemOf({ id: mount, codes: ['0x80131501', code], message }),
  )
  for (const problem of problems) {
    expect(problem).toMatchObject({ code: is, layer, file })
    expect(problem.message).not.toMatch(/[가-힣一-龥]|Prozess|archivo/u)
    expect(problem.message).not.toContain('copy would mix')
    expect(problem.remedy).not.toBe('')
    if (finding !== '') expect(problem.details).toMatchObject({ finding })
  }
})

test.each([
  ['ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD', 'ResourceBusy', 'in-use'],
  ['x,Microsoft.Vhd.PowerShell.ResizeVhdCommand', 'ResourceBusy', 'in-use'],
  ['AccessDenied,Microsoft.HyperV.PowerShell.Commands.GetVM', 'PermissionDenied', 'refused'],
  ['Unspecified,Microsoft.HyperV.PowerShell.GetVMCommand', 'PermissionDenied', 'refused'],
  ['InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM', 'InvalidArgument', 'not-found'],
  ['InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVMCommand', 'InvalidArgument', 'not-found'],
  ['CommandNotFoundException', 'ObjectNotFound', 'tool-missing'],
  ['VarveNoDisk', 'OperationTimeout', 'no-progress'],
  ['VarveNoMount', 'OperationTimeout', 'no-progress'],
  ['VarveNoFilesystem', 'InvalidData', 'refused'],
  ['StorageWMI 40001,Add-PartitionAccessPath', 'PermissionDenied', 'refused'],
  ['StorageWMI 42002,Add-PartitionAccessPath', 'InvalidArgument', 'refused'],
  ['StorageWMI 42004,Add-PartitionAccessPath', 'InvalidArgument', 'refused'],
  ['StorageWMI 42007,Add-PartitionAccessPath', 'InvalidArgument', 'refused'],
  ['StorageWMI 42009,Add-PartitionAccessPath', 'InvalidArgument', 'tool-failed'],
  ['VarveMachineRuns', 'ResourceBusy', 'in-use'],
  ['VarveNoCheckpoint', 'ObjectNotFound', 'not-found'],
  ['NotSupported,Microsoft.Vhd.PowerShell.ResizeVhdCommand', 'NotImplemented', 'tool-failed'],
  ['toString', 'constructor', 'tool-failed'],
])('%s (%s) without a code is %s', (id, category, code) => {
  expect(problemOf({ id, category, codes: ['0x80131501'], message: words.chinese })).toMatchObject({
    code,
    file,
  })
})

test('words decide nothing, and what is not known keeps them', () => {
  const problem = problemOf({ id: mount, codes: ['0x80131501'], message: `${words.german} (0x80070020)` })
  expect(problem).toMatchObject({ code: 'tool-failed', message: expect.stringContaining(words.german) })
  expect(problem.message).toContain('mount-image.ps1')
})

test('what may happen yet has not failed for good', () => {
  const failed = (id: string) =>
    new ScriptError('mount-image', { id, category: '', codes: [], message: '', line: 0 })
  expect(
    [mount, 'VarveAttachedAlready', 'VarveNoDisk', 'VarveNotMade'].map((id) => hasFailedForGood(failed(id))),
  ).toEqual([true, true, false, false])
  expect(hasFailedForGood(scriptProblem(failed(mount), file))).toBe(true)
  const silent = new DiskError('no-progress', { file, during: 'mount-image', seconds: 60 })
  expect(hasFailedForGood(silent)).toBe(false)
})

test.each([
  ['nothing', undefined],
  ['another type', '12'],
  ['a number as text', { size: '12' }],
  ['a negative one', { size: -1 }],
  ['one beyond all limits', { size: 1e300 }],
  ['none that is a number', { size: Number.NaN }],
  ['a list of one', [{ size: 1 }]],
])('%s instead of an answer is a coded error that names PowerShell and the script', async (_, answer) => {
  const schema = z.object({ size: z.number().int().min(0) })
  const asked = askScript({ call: async () => answer }, { script: 'get-disks', schema })
  const error = await asked.catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'tool-failed', file: 'get-disks.ps1', details: { tool: 'PowerShell' } })
  expect((error as DiskError).message).not.toContain('{')
})
