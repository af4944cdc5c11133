import { countOf } from '@varve/core/units/format-bytes'
import { DiskError, isDiskError, toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import type { Diagnosis } from '@varve/engine/doctor/diagnosis'
import type { MendingWish } from '@varve/engine/doctor/mending'
import type { Outcome, RunContext } from '../command.ts'
import { exitCodeOf, exitCodes, worstOf, type ExitCode } from '../exit-codes.ts'
import { canAsk } from '../operations/consent-to-plan.ts'
import { operate, type OperateOptions, type Wish } from '../operations/operate.ts'
import { explained } from '../output/explain.ts'
import { proofOf } from './chain-repoint.ts'
import { keptInQuarantine } from './delete.ts'
import { findingLines, headline, lookedAt, type Told } from './doctor-report.ts'

/** Looks through the folder, and reads images of one size whole if said so; an exit code where that could not be done and was told. */
export type Look = (digest: boolean) => Promise<Told | ExitCode>

interface Mending {
  readonly look: Look
  readonly options: OperateOptions & { readonly digest?: boolean }
  readonly context: RunContext
}

/** What became of a finding; `result` is what the operation's own command says of it with `--json`. */
interface Mended {
  readonly finding: Mendable
  readonly became: 'mended' | 'planned' | 'left'
  readonly exitCode: ExitCode
  readonly result: unknown
  readonly error: ErrorRecord | null
}

type Mendable = Diagnosis & { readonly wish: MendingWish }

/** How the commands of these operations wish for them. What removes anything for good is done by its own command only. */
const wishes: Readonly<
  Record<string, (wish: MendingWish, options: OperateOptions) => Omit<Wish, 'isAsked'>>
> = {
  move: ({ request }) => ({ operation: 'move', request }),
  delete: ({ request }) => ({ operation: 'delete', request, told: keptInQuarantine }),
  'chain-repoint': ({ request }, { accept }) => ({
    operation: 'chain-repoint',
    request: { proof: proofOf(accept), ...request },
  }),
}

/** Mends one finding after the other, each by plan, consent and run of its operation; exit code 1 when something is left. */
export async function mendFindings(first: Told, { look, options, context }: Mending): Outcome {
  const isDry = options.plan === true || options.script === true
  const waiting = mendable(first).map((finding) => ({ finding, asOf: 0 }))
  if (waiting.length > 0 && !isDry && options.yes !== true && !canAsk(context))
    throw needsConsent(first, context)
  if (!context.json && options.script !== true) context.print(lookedAt(first, context).join('\n'))
  const tried = new Set<string>()
  const done: Mended[] = []
  /** Of each that was mended. */
  const touched: ReadonlySet<string>[] = []
  let last = first
  for (let next = waiting.shift(); next && !context.signal.aborted; next = waiting.shift()) {
    const { finding, asOf } = next
    const files = filesOf(finding)
    if (touched.slice(asOf).some((paths) => files.some((file) => paths.has(file)))) {
      const isTwin = finding.id === 'duplicate'
      const again = await look(isTwin)
      if (typeof again === 'number') return again
      last = again
      const others = isTwin ? [] : waiting.filter((one) => one.finding.id === 'duplicate')
      const untried = mendable(again).filter((one) => !tried.has(keyOf(one)))
      const fresh = untried.map((one) => ({ finding: one, asOf: touched.length }))
      waiting.splice(0, waiting.length, ...fresh, ...others)
      continue
    }
    if (tried.has(keyOf(finding))) continue
    tried.add(keyOf(finding))
    const mended = await mend(finding, options, context)
    done.push(mended)
    if (mended.became === 'mended') touched.push(new Set(files))
    if (mended.exitCode === exitCodes.interrupted) break
  }
  const isChanged = touched.length > 0 && !context.signal.aborted
  const now = isChanged ? await look(false) : last
  // Who was read whole is not told as what may be the same.
  const isTold = ({ id, wish }: Diagnosis) =>
    id !== (options.digest === true ? 'maybe-duplicate' : 'duplicate') && !tried.has(keyOf({ wish }))
  const left = (typeof now === 'number' ? last : now).findings.filter(isTold)
  const twins = last.findings.filter(({ id, wish }) => id === 'duplicate' && wish === null)
  return report({ first, left: [...left, ...twins], done }, { options, context })
}

function mendable({ findings }: Told): Mendable[] {
  return findings.flatMap((finding) => {
    const { wish } = finding
    return wish !== null && Object.hasOwn(wishes, wish.operation) ? [{ ...finding, wish }] : []
  })
}

function keyOf({ wish }: Pick<Diagnosis, 'wish'>): string {
  return JSON.stringify([wish?.operation, wish?.request])
}

/** Every file that the finding or what mends it names. */
function filesOf({ file, details = {}, wish }: Mendable): readonly string[] {
  return [file, ...Object.values(details), ...Object.values(wish.request)].filter(
    (value) => typeof value === 'string',
  )
}

async function mend(finding: Mendable, options: OperateOptions, context: RunContext): Promise<Mended> {
  const wish = wishes[finding.wish.operation]?.(finding.wish, options)
  if (!wish) throw new RangeError(`${finding.wish.operation} mends nothing by itself`)
  const { json } = context
  const printed: string[] = []
  const own = json ? { ...context, print: (text: string) => void printed.push(text) } : context
  if (!json && options.script === true) context.remark(headline(finding, context))
  else if (!json) context.print(headline(finding, context))
  try {
    const exitCode = await operate({ ...wish, isAsked: true }, options, own)
    const isDry = options.plan === true || options.script === true
    const became = exitCode === exitCodes.ok ? (isDry ? 'planned' : 'mended') : 'left'
    return { finding, became, exitCode, result: resultOf(printed), error: null }
  } catch (error) {
    // What was given up is given up as a whole.
    if (!isDiskError(error) || context.signal.aborted) throw error
    const record = toErrorRecord(error, finding.file ?? finding.id)
    if (!json) context.remark(explained(record))
    return { finding, became: 'left', exitCode: exitCodeOf(record.code), result: null, error: record }
  }
}

/** A runbook is text. */
function resultOf(printed: readonly string[]): unknown {
  const text = printed.join('\n')
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

interface Gone {
  readonly first: Told
  /** What was not tried. */
  readonly left: readonly Diagnosis[]
  readonly done: readonly Mended[]
}

function report(
  { first, left, done }: Gone,
  { options, context }: Pick<Mending, 'options' | 'context'>,
): ExitCode {
  const isLeft =
    left.some(({ severity }) => severity !== 'info') || done.some((one) => one.became !== 'mended')
  const codes = done.map(({ exitCode }) => exitCode)
  if (context.json) {
    const mended = done.map(({ finding: { id, file, wish }, became, result, error }) => ({
      id,
      file,
      wish,
      became,
      result,
      ...(error && { error }),
    }))
    context.print(JSON.stringify({ ...first, mended }, null, 2))
  } else if (options.script !== true) {
    const lines = [summary(done, options), ...findingLines(left, context)]
    context.print(lines.join('\n'))
  }
  return worstOf([...codes, ...(isLeft ? [exitCodes.different] : [])])
}

function summary(done: readonly Mended[], { plan }: OperateOptions): string {
  if (done.length === 0) return 'Nothing is there that an operation mends.'
  const good = done.filter(({ became }) => became !== 'left').length
  const left = done.length - good
  return `${good} ${plan === true ? 'can be mended' : 'mended'}${left === 0 ? '' : `, ${left} left as they were`}.`
}

/** Nobody is there to ask: nothing is begun. People are told each finding with its command before. */
function needsConsent(told: Told, context: RunContext): DiskError {
  const findings = mendable(told)
  if (!context.json) context.remark(findingLines(findings, context).join('\n'))
  return new DiskError('needs-consent', {
    file: told.folder,
    ids: [],
    choices: [],
    findings: context.json
      ? findings.map(({ message }) => message)
      : [`${countOf(findings.length, 'finding')} would be mended.`],
    yes: true,
  })
}
