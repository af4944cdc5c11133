import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import type { Writer } from '../platform/platform.ts'

/** Who writes, in words, such as `qemu-system-x86 (process 4242)`; at most three are named. */
export function describeWriters(writers: readonly Writer[]): string {
  const named = writers
    .slice(0, 3)
    .map(({ pid, command }) => (pid === 0 ? command : `${command} (process ${pid})`))
  const rest = writers.length - named.length
  return named.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** The finding that another process has the file open for writing. */
export function inUseProblem(file: string, writers: readonly Writer[]): Problem {
  const by = describeWriters(writers)
  return {
    id: 'in-use',
    severity: 'warn',
    layer: 'L1',
    file,
    message: `L1 ${quote(file)}: it is open for writing by ${by}`,
    remedy: 'Stop the machine or program that writes to it before it is read as a whole.',
  }
}
