import { findLibrary, joinName } from '../library/library-path.ts'
import type { JobHandler } from './job-context.ts'

/** Closes an export and checks that its files are still as they were when it was opened. */
export const releaseJob: JobHandler<'release'> = async (request, { ports }) => {
  const library = findLibrary(ports.libraries, request.library)
  await ports.exports.release(request.exportName, joinName(library, request.name))
  return { kind: 'release' }
}
