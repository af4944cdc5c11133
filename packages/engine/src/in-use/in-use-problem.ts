import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { describeWriters, type Writer } from './writers.ts'

/** The finding that others may write to the file while it is read. */
export function inUseProblem(file: string, writers: readonly Writer[]): Problem {
  const by = describeWriters(writers)
  return {
    id: 'in-use',
    severity: 'warn',
    layer: 'L1',
    file,
    message: `L1 ${quote(file)}: it is open for writing by ${by}`,
    remedy: 'Stop the machine or program that writes to it before it is read as a whole.',
    details: { by },
  }
}

/** The finding that it could not be seen whether others write to the file. */
export function unseenProblem(file: string, unseen: string): Problem {
  return {
    id: 'writers-not-seen',
    severity: 'info',
    layer: 'L1',
    file,
    message: `L1 ${quote(file)}: it was not seen ${unseen}`,
    remedy: 'Make sure that no machine or program writes to it while it is read.',
  }
}
