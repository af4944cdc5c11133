import { findInUse } from '@varve/engine/in-use/find-in-use'
import { toImageReportView } from '@varve/protocol/reports'
import { findLibrary, joinName, resolveImage } from '../library/library-path.ts'
import type { JobHandler } from './job-context.ts'

/** Looks at one image anew, layer by layer, and at who may write to a file of its chain. */
export const inspectJob: JobHandler<'inspect'> = async (request, { ports, signal }) => {
  const library = findLibrary(ports.libraries, request.library)
  await resolveImage(library, request.name)
  const path = joinName(library, request.name)
  const format = ports.formats.of(library.name, request.name)?.format ?? null
  const report = await ports.inspect(path, { format, choices: request.reading })
  signal.throwIfAborted()
  const roots = ports.libraries.map(({ root }) => root)
  const { findWriters } = ports
  const found = await findInUse(path, {
    roots,
    format,
    choices: request.reading,
    ...(findWriters && { find: findWriters }),
  })
  return {
    kind: 'inspect',
    report: toImageReportView({ ...report, problems: [...report.problems, ...found] }),
  }
}
