import { formatBytes } from '@varve/core/units/format-bytes'
import { choiceConflict, readChoices } from '@varve/core/formats/write-choices'
import { nameOfKind, rulesOf } from '@varve/core/formats/writable-formats'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { guestChoices } from '@varve/core/rules/guest-choices'
import { baseName, sourceName } from '../actions/path-words.ts'
import { defineOperation } from '../operation.ts'
import { overlayProblems } from '../overlay-problems.ts'
import { inOrder, wholeEstimate, type Plan, type Refusal } from '../plans/plan.ts'
import { sameNames, sizeRefusal, targetRefusal } from './copy-refusals.ts'
import { namingStep, stagingSteps, type CopyPlan } from './copy-steps.ts'
import { sectorFinding, snapshotFinding, sourceFindings } from './copy-findings.ts'
import type { CopyFacts, SourceFacts } from './facts.ts'
import { ConvertRequest } from './request.ts'
import { copiesOf, type Copy } from './targets.ts'
import { toolRefusals } from './tool-refusals.ts'
import { writingToolRules } from './writing-tools.ts'

/** Writes the disks of images as new images; the sources are only read. All new images get their names, or none does. */
export const convertOperation = defineOperation<ConvertRequest, CopyFacts>({
  name: 'convert',
  request: ConvertRequest,
  paths: ['sources.path', 'target', 'backing.path'],
  plan: (request, facts) => planCopies('convert', request, facts),
})

/** The plan of an operation that copies disks, of that name. */
export function planCopies(
  operation: 'convert' | 'clone',
  request: ConvertRequest,
  facts: CopyFacts,
): Plan | Refusal {
  const known = facts.sources.filter((source) => source !== null)
  const copies = convertCopies(request, facts.sources)
  const problems = [
    ...facts.problems,
    ...choiceRefusals(request),
    ...copies.flatMap((copy) => refusalsOf(copy, request, facts)),
    ...(request.by === 'varve' ? [] : toolRefusals(request.by, request, facts, copies)),
    ...sameNames(copies),
  ]
  if (problems.length > 0 || known.length < facts.sources.length)
    return { kind: 'refusal', operation, problems }
  const plans = copies.map((copy, index): CopyPlan => {
    const { format, subformat, compression, options, by } = request
    const { verify, durability, reflink, inUse } = request
    const mark = copies.length > 1 ? `-${index + 1}` : ''
    const backing = facts.backing && { path: facts.backing.path, format: facts.backing.format }
    const image = { format, subformat, compression, options, backing }
    const source = sourceOf(copy, facts)
    const isReplaced = facts.targets[copy.target] === 'file'
    const choices = { verify, durability, reflink, inUse }
    // Of several images only the first one is that disk.
    const expected = copies.length === 1 ? request.expected : null
    return { host: facts.host, copy, facts: source, image, isReplaced, mark, expected, by, ...choices }
  })
  const steps = inOrder([...plans.flatMap(stagingSteps), ...plans.map(namingStep)])
  return {
    kind: 'plan',
    operation,
    summary: summaryOf({ operation, request, sources: known, copies }),
    steps,
    warnings: known.flatMap((source) => findingsOf(source, request)),
    subjects: copies.map(({ source, target }) => ({
      host: facts.host,
      path: target,
      from: { host: facts.host, path: source.path },
    })),
    // How long it takes depends on the disks of the host.
    estimate: { bytes: wholeEstimate(steps).bytes, seconds: null },
  }
}

/** Every image that a conversion makes; sources that could not be looked at have no snapshots. */
export function convertCopies(
  request: Pick<ConvertRequest, 'sources' | 'target' | 'isFolder' | 'format' | 'subformat' | 'snapshots'>,
  sources: readonly (SourceFacts | null)[],
): readonly Copy[] {
  const named = request.sources.map((address, index) => ({
    address: sources[index]?.address ?? address,
    snapshots: (sources[index]?.report.snapshots ?? []).map(({ name, id }) => (name === '' ? id : name)),
  }))
  return copiesOf(request, named)
}

function sourceOf({ index }: Copy, { sources }: CopyFacts): SourceFacts {
  const source = sources[index]
  if (!source) throw new RangeError(`there is no source ${index}`)
  return source
}

function refusalsOf(copy: Copy, request: ConvertRequest, facts: CopyFacts): Problem[] {
  const { format, subformat, existing } = request
  const { target } = copy
  const kind = { format, subformat }
  const source = facts.sources[copy.index]
  const state = facts.targets[target] ?? 'free'
  const errors = [
    targetRefusal(target, { state, existing, ...kind }),
    source ? sizeRefusal(source, { target, ...kind }) : null,
  ]
  return [
    ...errors.flatMap((error) => (error ? [problemFromError(error)] : [])),
    ...belowRefusals(copy, request, facts),
  ]
}

function belowRefusals(
  { target, index }: Copy,
  { format, subformat }: ConvertRequest,
  { backing, sources }: CopyFacts,
): Problem[] {
  const virtualSize = sources[index]?.report.virtualSize ?? null
  if (!backing || virtualSize === null || !rulesOf(format).overlay) return []
  return overlayProblems({ file: target, format, subformat, virtualSize }, backing)
}

/** What the format cannot be. */
function choiceRefusals({
  target,
  format,
  subformat,
  compression,
  options,
  backing,
}: ConvertRequest): Problem[] {
  const refuse = (reason: string) => [
    problemFromError(
      new DiskError('refused', { file: target, reason, remedy: 'Leave out what the format does not have.' }),
    ),
  ]
  const { subformats, compressions } = rulesOf(format)
  if (subformat !== null && !subformats.includes(subformat))
    return refuse(`there is no ${format} of the kind ${JSON.stringify(subformat)}`)
  if (compression !== 'none' && !compressions.includes(compression))
    return refuse(`${format} images are not compressed with ${compression}`)
  const read = readChoices(format, wordsOf(options))
  if ('fault' in read) return refuse(read.fault)
  const below = backing && { backing: { name: backing.path, format: backing.format ?? 'raw' } }
  const conflict = choiceConflict(format, {
    choices: { ...read.choices, ...below },
    compression,
    subformat,
  })
  return conflict === null ? [] : refuse(conflict)
}

function wordsOf(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).map(([name, value]) => `${name}=${value}`)
}

function findingsOf(source: SourceFacts, { format, options, snapshots, by }: ConvertRequest): Problem[] {
  const read = readChoices(format, wordsOf(options))
  const said = 'choices' in read ? read.choices : {}
  const kept = by === 'varve' || writingToolRules[by].keepsSectors ? guestChoices(format, source.report) : {}
  const { logicalSectorSize: told } = { ...kept, ...said }
  const asked = [snapshotFinding(source, snapshots), sectorFinding(source, { format, told })]
  return [...sourceFindings(source), ...asked.filter((finding) => finding !== null)]
}

const verbs = { convert: 'Convert', clone: 'Clone' } as const

interface Summed {
  readonly operation: keyof typeof verbs
  readonly request: ConvertRequest
  readonly sources: readonly SourceFacts[]
  readonly copies: readonly Copy[]
}

function summaryOf({ operation, request, sources, copies }: Summed): string {
  const { format, subformat, target, isFolder, by } = request
  const writer = by === 'varve' ? '' : ` by ${writingToolRules[by].label}`
  const kind = nameOfKind(format, subformat)
  const verb = verbs[operation]
  const [only, ...others] = sources
  if (only && others.length === 0 && copies.length === 1) {
    const size = only.report.virtualSize
    const disk = size === null ? '' : ` (${formatBytes(size)})`
    const named = baseName(copies[0]?.target ?? target)
    return `${verb} ${sourceName(only.address.path)}${disk} to ${named}, ${kind}${writer}`
  }
  const into = isFolder ? ` in ${baseName(target)}` : ''
  return `${verb} ${sources.length === 1 ? 'an image' : `${sources.length} images`} to ${copies.length} of ${kind}${into}${writer}`
}
