import { nameOfKind, rulesOf } from '@varve/core/formats/writable-formats'
import { guestSectors } from '@varve/core/image/guest-sectors'
import { DiskError } from '@varve/core/problems/disk-error'
import { isBlocking, problemFromError, type Problem } from '@varve/core/problems/problem'
import type { ImageAddress } from '../actions/image-address.ts'
import type { CopyFacts, SourceFacts } from './facts.ts'
import type { ConvertRequest } from './request.ts'
import type { Copy } from './targets.ts'
import { writesKind, writingToolRules, type WritingTool } from './writing-tools.ts'

/** Why a tool does not write what is asked for, apart from why nobody could. */
export function toolRefusals(
  tool: WritingTool,
  request: ConvertRequest,
  facts: CopyFacts,
  copies: readonly Copy[],
): Problem[] {
  return [
    ...missing(tool, request, facts),
    ...choiceRefusals(tool, request),
    ...copies.flatMap((copy) => {
      const source = facts.sources[copy.index]
      const links = facts.tool?.links[copy.index] ?? 1
      return source ? sourceRefusals(tool, { copy, source, links }) : []
    }),
    ...copies.flatMap(({ target }) => endingRefusals(tool, target, request)),
  ]
}

function refuse(file: string, reason: string, remedy: string): Problem {
  return problemFromError(new DiskError('refused', { file, reason, remedy }))
}

function missing(tool: WritingTool, { target }: ConvertRequest, facts: CopyFacts): Problem[] {
  if (facts.tool?.isThere === true) return []
  const { label, program, get } = writingToolRules[tool]
  return [
    problemFromError(new DiskError('tool-missing', { file: target, tool: program ?? label, install: get })),
  ]
}

function choiceRefusals(tool: WritingTool, request: ConvertRequest): Problem[] {
  const { target, format, subformat, compression, options, backing, verify, snapshots } = request
  const { label, writes } = writingToolRules[tool]
  const remedies = 'Leave that out, or leave out --with: Varve does it.'
  const wishes: readonly (readonly [isWished: boolean, reason: string])[] = [
    [compression !== 'none', `what ${label} writes is not compressed`],
    [Object.keys(options).length > 0, `${label} is given no choices of the format`],
    [backing !== null, `${label} is not asked for overlays`],
    [snapshots === 'extract', `${label} is not asked for snapshots inside an image`],
    [!verify, `what ${label} writes gets its name only when it is proven`],
  ]
  const known = Object.keys(writes).join(', ')
  return [
    ...(writesKind(tool, { format, subformat })
      ? []
      : [
          refuse(
            target,
            `${label} does not write ${nameOfKind(format, subformat)}`,
            `It writes ${known}; without --with Varve writes it.`,
          ),
        ]),
    ...wishes.flatMap(([isWished, reason]) => (isWished ? [refuse(target, reason, remedies)] : [])),
  ]
}

interface Read {
  readonly copy: Copy
  readonly source: SourceFacts
  /** Images of its chain. */
  readonly links: number
}

function sourceRefusals(tool: WritingTool, { copy, source: { report }, links }: Read): Problem[] {
  const { label, reads, readsChains, keepsSectors } = writingToolRules[tool]
  const { path, reading } = copy.source
  const byVarve = 'Leave out --with: Varve reads it.'
  const reasons = [
    reads.includes(report.format) ? null : `${label} does not read ${report.format}`,
    report.problems.some(({ id }) => id === 'packed-image') ? `${label} does not unpack files` : null,
    isReadAsItIs(reading) ? null : `${label} reads whole images as they are`,
    links > 1 && !readsChains ? `${label} does not find its parents as Varve does` : null,
    !keepsSectors && guestSectors(report)?.size === 4096
      ? `what ${label} writes has sectors of 512 bytes, and its guest was set up with 4,096`
      : null,
  ]
  return [
    ...reasons.flatMap((reason) => (reason === null ? [] : [refuse(path, reason, byVarve)])),
    ...report.problems.filter(isBlocking),
  ]
}

function isReadAsItIs(reading: ImageAddress['reading']): boolean {
  return Object.values(reading).every((choice) => choice === undefined || choice === false)
}

/** A name by which the tool would take the format for another one. */
function endingRefusals(
  tool: WritingTool,
  target: string,
  { format }: Pick<ConvertRequest, 'format'>,
): Problem[] {
  const { label, isByEnding } = writingToolRules[tool]
  const { endings } = rulesOf(format)
  if (!isByEnding || endings.some((ending) => target.toLowerCase().endsWith(ending))) return []
  return [
    refuse(
      target,
      `${label} tells the format by the ending of the name`,
      `Let the name end in ${endings[0]}.`,
    ),
  ]
}
