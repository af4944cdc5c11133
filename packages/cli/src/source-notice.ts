import type { ImageReport } from '@varve/core/image/image-report'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import type { DiskInput } from '@varve/engine/run/requests'
import type { Problem } from '@varve/core/problems/problem'
import type { AcceptOptions, CommandContext } from './command.ts'
import { idsOf, type ImageInput } from './consent.ts'
import { printable } from './output/text.ts'
import { remarkRescue, rescueFindings, type RescueNotice } from './rescue-notice.ts'

export interface InspectedInput {
  readonly input: ImageInput
  readonly report: ImageReport
}

/** What is to be known of the images that a command reads, besides what it finds in them. */
export interface SourceNotice {
  /** What an image says against being read as it is. */
  readonly findings: RescueNotice['findings']
  /** Null unless one was read with force. */
  readonly rescue: RescueNotice | null
}

type NoticeContext = Pick<CommandContext, 'remark'> & AcceptOptions

/** Says on standard error what the reports of the images say against what is read of them, and what is read with force. */
export function noticeSources(
  inspected: readonly InspectedInput[],
  { remark, accept }: NoticeContext,
): SourceNotice {
  const rescue = noticeRescue(inspected, remark)
  const known = new Set(rescue?.findings.map(({ id }) => id))
  const accepted = idsOf(accept)
  const findings = inspected
    .flatMap(({ report }) => report.problems.filter(isDoubt))
    .filter(({ id }) => !known.has(id) && !accepted.has(id))
    .map(({ id, file, message, remedy }) => ({ id, file, message: message.replace(/\.$/u, ''), remedy }))
  for (const { message, remedy } of findings) remark(printable(`${message}. ${remedy}`))
  return { findings, rescue }
}

/** Looks at the images of a command that asks for no consent, and says the same about them. */
export async function lookAtSources(
  inputs: readonly DiskInput[],
  context: NoticeContext & Pick<CommandContext, 'signal'>,
): Promise<SourceNotice> {
  const inspected: InspectedInput[] = []
  // An export is nothing but its disk: it has nothing to say against itself.
  for (const input of inputs)
    if (input.kind === 'image') inspected.push({ input, report: await inspectInput(input, context) })
  return noticeSources(inspected, context)
}

/** What a plan found of the images that are copied; what was accepted by name is not said again. */
export function copyNotice(
  found: readonly Problem[],
  { accept, isRescue }: AcceptOptions & { readonly isRescue: boolean },
): SourceNotice {
  const isForced = ({ details }: Problem) => details?.['forced'] === true
  const said = ({ id, file, message, remedy }: Problem) => ({ id, file, message, remedy })
  const rescue = isRescue ? { proven: false as const, findings: found.filter(isForced).map(said) } : null
  const accepted = idsOf(accept)
  const findings = found
    .filter((problem) => !isForced(problem) && !accepted.has(problem.id))
    .map((problem) => ({ ...said(problem), message: problem.message.replace(/\.$/u, '') }))
  return { findings, rescue }
}

/** What the container says against what is read of it. */
function isDoubt({ layer, severity, asks }: Problem): boolean {
  return asks === true || (layer === 'L2' && severity === 'warn')
}

function noticeRescue(
  inspected: readonly InspectedInput[],
  remark: CommandContext['remark'],
): RescueNotice | null {
  const rescued = inspected.filter(({ input }) => input.choices?.rescue === true)
  if (rescued.length === 0) return null
  const findings = rescued.flatMap(({ report }) => rescueFindings(report.problems))
  const notice: RescueNotice = { proven: false, findings }
  remarkRescue(notice, remark)
  return notice
}
