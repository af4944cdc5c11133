import { asConversion, cloneOperation } from '@varve/operations/clone/plan'
import { convertCopies } from '@varve/operations/convert/plan'
import type { TargetState } from '@varve/operations/convert/facts'
import { problemCollector, sourceFacts, targetState } from './copy-facts.ts'
import { defineLocalOperation } from './local-operation.ts'

/** Looks at the source, and at what has the names of the new images. */
export const cloneHere = defineLocalOperation(cloneOperation, async (request, context) => {
  const { problems, collect } = problemCollector()
  const source = await collect(async () => sourceFacts(request.source, context))
  const asked = source && asConversion(request, source)
  const targets: Record<string, TargetState> = {}
  for (const { target } of asked ? convertCopies(asked, [source]) : []) {
    const state = await collect(async () => targetState(target, [request.source], context))
    if (state !== null) targets[target] = state
  }
  return { host: context.host, sources: [source], targets, backing: null, problems }
})
