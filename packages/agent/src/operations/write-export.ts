import { exportFacts } from '@varve/engine/disks/write-export'
import { writeExportOperation } from '@varve/operations/write-export/plan'
import { exportInput } from '../actions/image-input.ts'
import { problemCollector, sourceFacts } from './copy-facts.ts'
import { defineLocalOperation } from './local-operation.ts'

/** Looks at the source, and asks the server what it offers. */
export const writeExportHere = defineLocalOperation(writeExportOperation, async (request, context) => {
  const { problems, collect } = problemCollector()
  const source = await collect(async () => sourceFacts(request.source, context))
  const target = await collect(async () =>
    exportFacts(exportInput(request.target, context.ports), context.signal),
  )
  return { host: context.host, source, target, problems }
})
