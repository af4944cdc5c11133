import { filesystemName } from '@varve/core/guest/guest-names'
import { formatBytes } from '@varve/core/units/format-bytes'
import { surveyInput } from '@varve/engine/disks/survey-reclaim'
import { gainNames, gainsOf, Survey } from '@varve/operations/actions/reclaim-survey'
import { weighReclaimed } from '@varve/operations/actions/weigh-reclaimed'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { UsageError, type CommandContext, type Outcome, type RunContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageInput, placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { imageOf, readByPlan } from '../operations/read-by-plan.ts'
import { isReadByPlan } from '../operations/wish.ts'
import { printable } from '../output/text.ts'

export interface ReclaimOptions extends OperateOptions {
  readonly report?: boolean
  readonly zerosOnly?: boolean
}

/** `varve reclaim IMAGE`. */
export async function reclaim(image: string, options: ReclaimOptions, context: RunContext): Outcome {
  const request = { image: placeOf(image, options), zerosOnly: options.zerosOnly === true }
  return await operate({ operation: 'reclaim', request, isAsked: true, told }, options, context)
}

/** `varve reclaim IMAGE --report`. */
export async function reclaimReport(
  image: string,
  options: ReclaimOptions,
  context: CommandContext,
): Outcome {
  if (options.zerosOnly === true) throw new UsageError('--report says both: leave --zeros-only out.')
  if (isReadByPlan(options)) {
    const request = { image: imageOf(image, options) }
    return await readByPlan({ operation: 'reclaim-report', request }, options, context, (result) =>
      tell(Survey.parse(result), context),
    )
  }
  const { signal } = context
  return tell(await surveyInput(imageInput(image, {}), { reads: true, signal }), context)
}

function tell(survey: Survey, context: CommandContext): Awaited<Outcome> {
  if (context.json) context.print(JSON.stringify({ ...survey, gains: gainsOf(survey) }, null, 2))
  else context.print(reportLines(survey).map(printable).join('\n'))
  return exitCodes.ok
}

/** From L6 down to L1, then where discards are lost, then what each step gives. */
function reportLines(survey: Survey): string[] {
  const { filesystems, closed, lost, before, after, zeros, format, subformat } = survey
  const of = subformat === null ? format : `${format} ${subformat}`
  return [
    'Held for nothing',
    ...filesystems.map(
      ({ type, label, start, free, held, doubt }) =>
        `  L6  ${filesystemName(type)}${label === null ? '' : ` "${label}"`} at ${formatBytes(start)}: ${
          free === null
            ? `not known: ${doubt?.reason ?? 'nobody tells'}`
            : `${formatBytes(held)} held of ${formatBytes(free)} free`
        }`,
    ),
    ...closed.map(
      ({ what, start, length }) =>
        `  L5  ${what} at ${formatBytes(start)} (${formatBytes(length)}): what is free in it is not seen`,
    ),
    `  L3  ${zeros === null ? 'zeros: not looked for' : `${formatBytes(zeros)} of zeros written out`}`,
    `  L2  ${of}: ${formatBytes(before.data)} of data in a file of ${formatBytes(before.file)}`,
    `  L1  ${before.host === null ? 'the host does not tell what the file takes' : `${formatBytes(before.host)} on the host`}`,
    ...(lost.length === 0 ? [] : ['Where discards are lost']),
    ...lost.flatMap(({ layer, what, reason, remedy }) => [
      `  ${layer}  ${what}: ${reason}`,
      `      ${remedy}`,
    ]),
    'varve reclaim would give back',
    ...gainsOf(survey).map(
      ({ layer, kind, bytes }) =>
        `  ${layer}  ${gainNames[kind]}: ${bytes === null ? 'not known' : formatBytes(bytes)}`,
    ),
    ...(after === null ? [`  L2  nothing: Varve does not write ${of}; convert it`] : []),
  ]
}

/** What each layer was to give back, and gave. */
function told(state: RunState): readonly string[] {
  const weighed = state.steps.find(({ step }) => step.id === 'weigh')
  const replaced = state.steps.find(({ step }) => step.id === 'replace')
  const outcome = weighReclaimed.outcome.safeParse(weighed && outcomeOf(weighed))
  const words = (bytes: number | null) => (bytes === null ? 'not known' : formatBytes(bytes))
  return [
    state.created.plan.summary,
    ...(outcome.data?.layers ?? []).map(
      ({ layer, kind, predicted, actual }) =>
        `  ${layer}  ${gainNames[kind]}: ${words(actual)} given back${predicted === null ? '' : `, ${words(predicted)} predicted`}`,
    ),
    ...(typeof replaced?.told === 'string'
      ? [`  ${replaced.told}: its room is free once that is purged`]
      : []),
  ]
}
