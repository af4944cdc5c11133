import { filesOfReport, findInUse } from '@varve/engine/in-use/find-in-use'
import { toImageReportView } from '@varve/protocol/reports'
import { inspectTold } from '../library/inspect-told.ts'
import { reportOf } from '../library/inspect-messages.ts'
import { findLibrary, joinName, resolveImage } from '../library/library-path.ts'
import type { JobHandler } from './job-context.ts'

/** Looks at one image anew, layer by layer, and at who may write to a file of its chain. */
export const inspectJob: JobHandler<'inspect'> = async (request, { ports, signal }) => {
  const library = findLibrary(ports.libraries, request.library)
  await resolveImage(library, request.name)
  const path = joinName(library, request.name)
  const format = ports.formats.of(library.name, request.name)?.format ?? null
  const { inspection } = await inspectTold(path, { format, choices: request.reading }, ports)
  const report = reportOf(inspection)
  signal.throwIfAborted()
  const files = filesOfReport(report, inspection.parts)
  const found = await findInUse(files, { find: ports.findWriters })
  return {
    kind: 'inspect',
    report: toImageReportView({ ...report, problems: [...report.problems, ...found] }),
  }
}
