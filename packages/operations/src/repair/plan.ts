import { countOf } from '@varve/core/units/format-bytes'
import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { checkImage } from '../actions/check-image.ts'
import { baseName } from '../actions/path-words.ts'
import { formatsRepairedByTool, repairCopy } from '../actions/repair-copy.ts'
import { repairImage } from '../actions/repair-image.ts'
import { replaceImage } from '../actions/replace-image.ts'
import { stageCopy } from '../actions/stage-copy.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, wholeEstimate, step, type DraftStep, type Plan, type Refusal } from '../plans/plan.ts'
import { freshId } from '../plans/wired.ts'
import type { RepairFacts } from './facts.ts'
import { RepairRequest } from './request.ts'

/** Repairs the tables of an image: in place behind an undo file, or with qemu-img on a copy that takes its place. */
export const repairOperation = defineOperation<RepairRequest, RepairFacts>({
  name: 'repair',
  request: RepairRequest,
  paths: ['image.path', 'backup'],
  plan: (request, facts) => (request.by === 'varve' ? planOwn(request, facts) : planTool(request, facts)),
})

function planOwn({ image, backup }: RepairRequest, facts: RepairFacts): Plan | Refusal {
  const { host, path, fixes, notRepaired } = facts
  const problems = [
    ...facts.obstacles,
    ...(notRepaired ? [withAlternative(notRepaired, facts)] : []),
    ...(backup === null && fixes !== null && fixes.length > 0 ? [noUndoFile(path)] : []),
  ]
  if (fixes === null || problems.some(isBlocking) || (backup === null && fixes.length > 0))
    return refusal(problems)
  const check = step(checkImage, { id: 'check', host, input: { image: { ...image, path }, name: null } })
  if (fixes.length === 0 || backup === null)
    return planOf(facts, {
      summary: `Nothing to repair in ${baseName(path)}`,
      steps: [check],
      warnings: problems,
    })
  const input = { image: { ...image, path }, backup, fixes: [...fixes] }
  const repair = step(repairImage, { id: 'repair', host, input, needs: ['nobody else uses the image'] })
  const summary = `Repair ${baseName(path)}: ${fixes.join('; ')}`
  return planOf(facts, { summary, steps: [repair, check], warnings: problems })
}

function planTool({ image, what }: RepairRequest, facts: RepairFacts): Plan | Refusal {
  const { host, path, copy, fileSize, corruptions, leaks } = facts
  const format = formatsRepairedByTool.find((name) => name === facts.format)
  const problems = [...facts.obstacles, ...toolProblems(facts), ...(what === 'all' ? mayChange(facts) : [])]
  if (problems.some(isBlocking) || format === undefined) return refusal(problems)
  const staged = { target: path, staging: copy.staging, format, subformat: null }
  const address = { path: copy.path, format, reading: image.reading }
  const steps = [
    step(stageCopy, {
      id: 'copy',
      host,
      input: { source: path, image: staged },
      needs: ['room for a copy of the file, unless the filesystem shares blocks'],
      estimate: { bytes: fileSize, seconds: null },
    }),
    step(repairCopy, { id: 'repair', host, input: { copy: copy.path, format, what, name: path } }),
    step(checkImage, { id: 'check', host, input: { image: address, name: path } }),
    step(replaceImage, { id: 'replace', host, input: { image: staged, quarantine: freshId } }),
  ]
  const found = `${countOf(corruptions, 'corruption')}, ${countOf(leaks, 'leak')}`
  const summary = `Repair ${what} of ${baseName(path)} (${found}) with qemu-img, on a copy that takes its place`
  return planOf(facts, { summary, steps, warnings: problems })
}

interface Draft {
  readonly summary: string
  readonly steps: readonly DraftStep[]
  readonly warnings: readonly Problem[]
}

function planOf({ host, path }: RepairFacts, { summary, steps, warnings }: Draft): Plan {
  const estimate = wholeEstimate(steps)
  return {
    kind: 'plan',
    operation: 'repair',
    summary,
    steps: inOrder(steps),
    warnings: [...warnings],
    subjects: [{ host, path }],
    estimate,
  }
}

function refusal(problems: readonly Problem[]): Refusal {
  return { kind: 'refusal', operation: 'repair', problems: problems.filter(isBlocking) }
}

/** Names what may repair it, where Varve does not. */
function withAlternative(problem: Problem, { format, isOneFile }: RepairFacts): Problem {
  if (!isOneFile || !formatsRepairedByTool.some((name) => name === format)) return problem
  const remedy = `${problem.remedy} qemu-img may repair a copy of it, at the risk of what the guest sees: varve check --repair --with qemu-img --what all.`
  return { ...problem, remedy }
}

function noUndoFile(file: string): Problem {
  return {
    id: 'invalid-request',
    severity: 'block',
    layer: 'L2',
    file,
    message: `L2 ${quote(file)}: nothing is overwritten without a file that keeps what was there`,
    remedy: 'Say a new file for it.',
  }
}

function toolProblems({ path, format, isOneFile, tool }: RepairFacts): Problem[] {
  const block = (id: string, reason: string, remedy: string): Problem => ({
    id,
    severity: 'block',
    layer: 'L2',
    file: path,
    message: `L2 ${quote(path)}: ${reason}`,
    remedy,
  })
  const known = formatsRepairedByTool.join(', ')
  return [
    ...(formatsRepairedByTool.some((name) => name === format)
      ? []
      : [block('refused', `qemu-img repairs nothing of ${format}`, `It repairs ${known}.`)]),
    ...(isOneFile
      ? []
      : [
          block(
            'refused',
            'it is not one regular file, of which a copy could be repaired',
            'Convert it first.',
          ),
        ]),
    ...(tool.isThere ? [] : [block('tool-missing', 'qemu-img is not installed on its host', tool.install)]),
  ]
}

function mayChange({ path, corruptions }: RepairFacts): Problem[] {
  if (corruptions === 0) return []
  return [
    {
      id: 'repair-changes-disk',
      severity: 'warn',
      layer: 'L3',
      file: path,
      message: `L3 ${quote(path)}: what qemu-img does about ${countOf(corruptions, 'corruption')} may change what the guest reads`,
      remedy: 'Look at the guest afterwards; the original is kept in quarantine.',
      details: { corruptions },
      asks: true,
    },
  ]
}
