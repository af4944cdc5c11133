import { formatBytes, groupThousands } from '@varve/core/units/format-bytes'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import type { Zeroed } from '@varve/engine/run/requests'
import type { CommandContext } from './command.ts'
import { printable } from './output/text.ts'

/** What every JSON document about a disk that was read with force says. */
export interface RescueNotice {
  readonly proven: false
  readonly findings: readonly Pick<Problem, 'id' | 'file' | 'message' | 'remedy'>[]
}

/** Ranges of zeros that are printed, at most; JSON has them all. */
const mostPrinted = 8

const rescuedId = 'rescued-'

/** What of the problems says that an image was read though it would be refused. */
export function rescueFindings(problems: readonly Problem[]): RescueNotice['findings'] {
  return problems
    .filter(({ id, severity }) => id.startsWith(rescuedId) || severity === 'block')
    .map(({ id, file, message, remedy }) => ({ id, file, message, remedy }))
}

/** Says on standard error that something is read with force, and what had to be forced. */
export function remarkRescue({ findings }: RescueNotice, remark: CommandContext['remark']): void {
  remark(
    'RESCUE: read with force. What cannot be read is zeros; NOTHING of the result is proven to be the disk.',
  )
  for (const { message, remedy } of findings) remark(`  ${printable(message)}\n      ${printable(remedy)}`)
  if (findings.length === 0) remark('  Nothing of it had to be forced, as far as its tables say.')
}

/** Says on standard error what was read as zeros because it could not be read. */
export function remarkZeroed(zeroed: readonly Zeroed[], { remark }: Pick<CommandContext, 'remark'>): void {
  for (const { file, bytes, ranges } of zeroed) {
    const named = ranges
      .slice(0, mostPrinted)
      .map(({ start, end }) => `${groupThousands(start)} to ${groupThousands(end - 1)}`)
    const rest = ranges.length > mostPrinted ? ` and ${ranges.length - mostPrinted} more ranges` : ''
    remark(
      `RESCUE: ${formatBytes(bytes)} of ${quote(file)} could not be read and are ZEROS in the result: bytes ${named.join(', ')} of the disk${rest}.`,
    )
  }
}

/** The notice as it stands in a JSON document, with what was read as zeros. */
export function rescueMember(
  notice: RescueNotice | null,
  zeroed: readonly Zeroed[] = [],
): { readonly rescue?: RescueNotice & { readonly zeroed: readonly Zeroed[] } } {
  return notice === null ? {} : { rescue: { ...notice, zeroed } }
}
