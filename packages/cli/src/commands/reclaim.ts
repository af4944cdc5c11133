import { statSync } from 'node:fs'
import { isVolumeAddress } from '@varve/core/image/volume-address'
import { filesystemName } from '@varve/core/guest/guest-names'
import { formatBytes } from '@varve/core/units/format-bytes'
import { surveyInput } from '@varve/engine/disks/survey-reclaim'
import { compactVhd } from '@varve/operations/actions/compact-vhd'
import { gainNames, gainsOf, Survey } from '@varve/operations/actions/reclaim-survey'
import { replaceVolume } from '@varve/operations/actions/replace-volume'
import { snapshotVolume } from '@varve/operations/actions/snapshot-volume'
import { surveyReclaim } from '@varve/operations/actions/survey-reclaim'
import { weighReclaimed } from '@varve/operations/actions/weigh-reclaimed'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { withThreads } from '../grammar/with-threads.ts'
import { UsageError, type CommandContext, type Outcome, type RunContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageInput, placeOf } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { imageOf, readByPlan } from '../operations/read-by-plan.ts'
import { isReadByPlan, type Wish } from '../operations/wish.ts'
import { printable } from '../output/text.ts'
import { outcomeIn, toldOfKept } from './resize-record.ts'
import { assertRawVolume } from './volume-options.ts'

export interface ReclaimOptions extends OperateOptions {
  readonly report?: boolean
  readonly zerosOnly?: boolean
  readonly inPlace?: boolean
}

/** `varve reclaim IMAGE`. */
export async function reclaim(image: string, options: ReclaimOptions, context: RunContext): Outcome {
  if (isVolumeAddress(image)) assertRawVolume([], options.host)
  const request = {
    image: placeOf(image, options),
    zerosOnly: options.zerosOnly === true,
    inPlace: options.inPlace === true,
  }
  return await operate({ operation: 'reclaim', request, isAsked: true, told }, options, context)
}

/** `varve reclaim IMAGE --report`. */
export async function reclaimReport(
  image: string,
  options: ReclaimOptions,
  context: CommandContext,
): Outcome {
  if (options.zerosOnly === true) throw new UsageError('--report says both: leave --zeros-only out.')
  if (options.inPlace === true) throw new UsageError('--report changes nothing: leave --in-place out.')
  if (isReadByPlan(options)) {
    const request = { image: imageOf(image, options) }
    return await readByPlan({ operation: 'reclaim-report', request }, options, context, (result) =>
      tell(Survey.parse(result), context),
    )
  }
  const { signal } = context
  const input = imageInput(image, {})
  if (isBlockDevice(input.path)) return await reportOfVolume(image, options, context)
  return tell(await surveyInput(input, { reads: true, signal }), context)
}

/** What its pool holds is asked of LVM or ZFS, as steps do. */
async function reportOfVolume(image: string, options: ReclaimOptions, context: CommandContext): Outcome {
  const request = { image: imageOf(image, options) }
  const wish: Wish = {
    operation: 'reclaim-report',
    request,
    isAsked: false,
    report: async (state: RunState) =>
      Promise.resolve(tell(Survey.parse(outcomeIn(state, surveyReclaim)), context)),
  }
  return await withThreads(context, [], async (run) => operate(wish, options, run))
}

function isBlockDevice(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isBlockDevice() === true
}

function tell(survey: Survey, context: CommandContext): Awaited<Outcome> {
  if (context.json) context.print(JSON.stringify({ ...survey, gains: gainsOf(survey) }, null, 2))
  else context.print(reportLines(survey).map(printable).join('\n'))
  return exitCodes.ok
}

/** From L6 down to L1, then where discards are lost, then what each step gives. */
function reportLines(survey: Survey): string[] {
  const { filesystems, closed, lost, before, after, zeros, format, subformat, holder } = survey
  const of = subformat === null ? format : `${format} ${subformat}`
  return [
    'Held for nothing',
    ...filesystems.map(
      ({ type, label, start, free, held, doubt }) =>
        `  L6  ${filesystemName(type)}${label === null ? '' : ` "${label}"`} at ${formatBytes(start)}: ${
          free === null
            ? `not known: ${doubt?.reason ?? 'nobody tells'}`
            : holder === null
              ? `${formatBytes(held)} held of ${formatBytes(free)} free`
              : `${formatBytes(free)} free`
        }`,
    ),
    ...closed.map(
      ({ what, start, length }) =>
        `  L5  ${what} at ${formatBytes(start)} (${formatBytes(length)}): what is free in it is not seen`,
    ),
    `  L3  ${zeros === null ? 'zeros: not looked for' : `${formatBytes(zeros)} of zeros written out`}`,
    ...(holder === null
      ? [
          `  L2  ${of}: ${formatBytes(before.data)} of data in a file of ${formatBytes(before.file)}`,
          `  L1  ${before.host === null ? 'the host does not tell what the file takes' : `${formatBytes(before.host)} on the host`}`,
        ]
      : [`  L1  ${holderWords(survey, holder)}`]),
    ...(lost.length === 0 ? [] : ['Where discards are lost']),
    ...lost.flatMap(({ layer, what, reason, remedy }) => [
      `  ${layer}  ${what}: ${reason}`,
      `      ${remedy}`,
    ]),
    'varve reclaim would give back',
    ...gainsOf(survey)
      .filter(({ kind }) => holder === null || kind !== 'container')
      .map(
        ({ layer, kind, bytes }) =>
          `  ${layer}  ${holder && holder.kind !== 'fixed' && kind === 'host' ? 'room in the pool' : gainNames[kind]}: ${bytes === null ? 'not known' : formatBytes(bytes)}`,
      ),
    ...(after === null ? [`  L2  nothing: Varve does not write ${of}; convert it`] : []),
  ]
}

/** What holds the volume's blocks, now and then. */
function holderWords({ before, after }: Survey, { kind, unit }: NonNullable<Survey['holder']>): string {
  const whole = formatBytes(before.file)
  if (kind === 'fixed') return `all of its ${whole} are its own, written or not`
  const pool = kind === 'thin' ? 'its thin pool' : 'its ZFS pool'
  if (before.host === null) return `${pool} does not tell what it holds for it`
  const then = after?.host ?? null
  return `${pool} holds ${formatBytes(before.host)} for it, of ${whole}${then === null ? '' : `, and would hold ${formatBytes(then)}`}, in blocks of ${formatBytes(unit)}`
}

/** When the pool has the room: of ZFS the snapshot that the copy was made of holds it too. */
function toldOfRoom(state: RunState): string[] {
  const snapshot = outcomeIn(state, snapshotVolume)?.snapshot ?? null
  if (snapshot === null) return ['  its blocks are free in the pool once that is done']
  const [volume = '', name = ''] = snapshot.split('@')
  return [
    `  its blocks are free in the pool once that is done, and varve snapshot delete ${volume} ${name} too`,
  ]
}

/** What each layer was to give back, and gave. */
function told(state: RunState): readonly string[] {
  const weighed = state.steps.find(({ step }) => step.id === 'weigh')
  const replaced = state.steps.find(({ step }) => step.id === 'replace')
  const outcome = weighReclaimed.outcome.safeParse(weighed && outcomeOf(weighed))
  const kept = outcomeIn(state, replaceVolume)?.kept ?? null
  const words = (bytes: number | null) => (bytes === null ? 'not known' : formatBytes(bytes))
  return [
    state.created.plan.summary,
    ...(outcome.data?.layers ?? outcomeIn(state, compactVhd)?.layers ?? []).map(
      ({ layer, kind, predicted, actual }) =>
        `  ${layer}  ${kept !== null ? 'room in the pool' : gainNames[kind]}: ${words(actual)} given back${predicted === null ? '' : `, ${words(predicted)} predicted`}`,
    ),
    ...(kept !== null
      ? [...toldOfKept(kept), ...toldOfRoom(state)]
      : typeof replaced?.told === 'string'
        ? [`  ${replaced.told}: its room is free once that is purged`]
        : []),
  ]
}
