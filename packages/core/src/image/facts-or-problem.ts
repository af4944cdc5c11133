import { isDiskError } from '../problems/disk-error.ts'
import { problemFromError } from '../problems/problem.ts'
import type { FormatName } from './format-rules.ts'
import type { ImageFacts } from './image-facts.ts'

/** The facts that `read` finds, the rest filled in; a coded error becomes a blocking problem, except failed input. */
export async function factsOrProblem(
  format: FormatName,
  read: () => Promise<Partial<ImageFacts>>,
): Promise<ImageFacts> {
  try {
    return { ...noFacts(format), ...(await read()) }
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    return { ...noFacts(format), problems: [problemFromError(error)] }
  }
}

/** The facts of an image that nothing is known of but its format. */
export function noFacts(format: FormatName): ImageFacts {
  return {
    format,
    subformat: null,
    virtualSize: null,
    clusterSize: null,
    identity: { kind: 'none' },
    parent: null,
    parts: [],
    snapshots: [],
    details: {},
    problems: [],
  }
}
