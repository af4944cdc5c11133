import { inspectImage } from '@varve/core/layers/inspect-image'
import type { Problem } from '@varve/core/problems/problem'
import { nodePorts } from '@varve/engine/ports'
import type { DiskInput } from '@varve/engine/requests'
import type { CommandContext } from './command.ts'
import { printable } from './output/text.ts'

/** What every JSON document about a disk that was read with force says. */
export interface RescueNotice {
  readonly proven: false
  readonly findings: readonly Pick<Problem, 'id' | 'file' | 'message' | 'remedy'>[]
}

const rescuedId = 'rescued-'

/** What of the problems says that an image was read though it would be refused. */
export function rescueFindings(problems: readonly Problem[]): RescueNotice['findings'] {
  return problems
    .filter(({ id, severity }) => id.startsWith(rescuedId) || severity === 'block')
    .map(({ id, file, message, remedy }) => ({ id, file, message, remedy }))
}

/** Says on standard error what a rescue reads with force; null when none was asked for. */
export async function noticeRescue(
  inputs: readonly (DiskInput & { kind: 'image' })[],
  { signal, remark }: Pick<CommandContext, 'signal' | 'remark'>,
): Promise<RescueNotice | null> {
  const rescued = inputs.filter(({ choices }) => choices?.rescue === true)
  if (rescued.length === 0) return null
  const findings: RescueNotice['findings'][number][] = []
  for (const { path, roots, format, choices } of rescued) {
    const ports = nodePorts({ roots, io: 'sync' })
    const { problems } = await inspectImage(path, ports, { format, choices, signal, map: false })
    findings.push(...rescueFindings(problems))
  }
  remark(
    'RESCUE: read with force. What cannot be read is zeros; NOTHING of the result is proven to be the disk.',
  )
  for (const { message, remedy } of findings) remark(`  ${printable(message)}\n      ${printable(remedy)}`)
  if (findings.length === 0) remark('  Nothing of it had to be forced, as far as its tables say.')
  return { proven: false, findings }
}

/** The notice as it stands in a JSON document. */
export function rescueMember(notice: RescueNotice | null): { readonly rescue?: RescueNotice } {
  return notice === null ? {} : { rescue: notice }
}
