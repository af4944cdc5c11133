import { releaseWords } from '../problems/causes.ts'
import { DiskError, quote } from '../problems/disk-error.ts'
import { problemFromError, type Problem } from '../problems/problem.ts'
import type { FileUses, RunUse, Unseen, Use, Uses } from '../problems/use.ts'
import { describeUnseen, describeUses, howOf } from './use-words.ts'

/** The error that names the run which stands in the way. */
export function busyError(file: string, { run, operation, of, host, pid }: RunUse): DiskError {
  const words = of === 'host' && pid !== null ? `${operation}, in process ${pid}` : operation
  return new DiskError('run-busy', { file, run, operation: words, of, host })
}

/** What stands in the way of who wants the file for himself; null: nothing does. */
export function useError({ path, uses }: FileUses, mayBeAccepted = false): DiskError | null {
  const run = uses.find((use) => use.by === 'run')
  if (run) return busyError(path, run)
  if (uses.length === 0) return null
  return new DiskError('in-use', {
    file: path,
    by: describeUses(uses),
    how: howOf(uses),
    uses,
    ...(mayBeAccepted && { mayBeAccepted }),
  })
}

/** A finding for each file that somebody uses; that it was not seen, when nobody was found. */
export function usesProblems({ files, unseen }: Uses): Problem[] {
  const found = files.flatMap(({ path, uses }) => (uses.length > 0 ? [inUseProblem(path, uses)] : []))
  const [first] = files
  return found.length > 0 || unseen.length === 0 || !first ? found : [unseenProblem(first.path, unseen)]
}

/** The finding that others use the file, or that a run works on it. */
export function inUseProblem(file: string, uses: readonly Use[]): Problem {
  const run = uses.find((use) => use.by === 'run')
  if (run) return { ...problemFromError(busyError(file, run)), severity: 'warn' }
  const by = describeUses(uses)
  const does = { writes: 'open for writing by', locks: 'locked by', reads: 'read by' }[howOf(uses)]
  return {
    id: 'in-use',
    severity: 'warn',
    layer: 'L1',
    file,
    message: `L1 ${quote(file)}: it is ${does} ${by}`,
    remedy: `${releaseWords(uses) ?? 'Stop the machine or program that writes to it'} before it is read as a whole.`,
    details: { by, uses },
  }
}

/** The finding that it could not be seen whether others use the file. */
function unseenProblem(file: string, unseen: readonly Unseen[]): Problem {
  return {
    id: 'writers-not-seen',
    severity: 'info',
    layer: 'L1',
    file,
    message: `L1 ${quote(file)}: it was not seen ${describeUnseen(unseen) ?? 'who uses it'}`,
    remedy: 'Make sure that no machine or program writes to it while it is read.',
    details: { unseen },
  }
}
