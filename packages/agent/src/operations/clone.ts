import { asConversion, cloneOperation } from '@varve/operations/clone/plan'
import { convertCopies } from '@varve/operations/convert/plan'
import { problemCollector, sourceFacts, targetFacts } from './copy-facts.ts'
import { defineLocalOperation } from './local-operation.ts'

/** Looks at the source, and at what has the names of the new images. */
export const cloneHere = defineLocalOperation(cloneOperation, async (request, context) => {
  const { problems, collect } = problemCollector()
  const source = await collect(async () => sourceFacts(request.source, context))
  const asked = source && asConversion(request, source)
  const copies = asked ? convertCopies(asked, [source]) : []
  const { existing } = asked ?? { existing: 'refuse' }
  const wanted = { existing, read: [request.source], collect }
  const { targets, above } = await targetFacts(copies, wanted, context)
  return { host: context.host, sources: [source], targets, backing: null, problems: [...problems, ...above] }
})
