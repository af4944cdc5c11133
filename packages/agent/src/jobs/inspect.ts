import { toImageReportView } from '@varve/protocol/reports'
import { fileState } from '../library/fingerprint.ts'
import { findLibrary, joinName, resolveImage } from '../library/library-path.ts'
import { inUseProblem } from '../library/writer-problem.ts'
import type { JobHandler } from './job-context.ts'

/** Looks at one image anew, layer by layer. */
export const inspectJob: JobHandler<'inspect'> = async (request, { ports, signal }) => {
  const library = findLibrary(ports.libraries, request.library)
  const resolved = await resolveImage(library, request.name)
  const report = await ports.inspect(joinName(library, request.name), request.reading)
  signal.throwIfAborted()
  const [state, writers] = await Promise.all([fileState(resolved), ports.findWriters?.()])
  const who = state && writers ? writers.of(state.stats) : []
  const problems = who.length > 0 ? [...report.problems, inUseProblem(report.path, who)] : report.problems
  return { kind: 'inspect', report: toImageReportView({ ...report, problems }) }
}
