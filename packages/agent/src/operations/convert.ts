import { convertCopies, convertOperation } from '@varve/operations/convert/plan'
import { backingFacts, problemCollector, sourceFacts, targetFacts } from './copy-facts.ts'
import { isToolThere } from './is-tool-there.ts'
import { defineLocalOperation } from './local-operation.ts'

/** Looks at each source, at what has the names of the new images, and at the image below them. */
export const convertHere = defineLocalOperation(convertOperation, async (request, context) => {
  const { problems, collect } = problemCollector()
  const sources: (Awaited<ReturnType<typeof sourceFacts>> | null)[] = []
  for (const address of request.sources)
    sources.push(await collect(async () => sourceFacts(address, context)))
  const below = request.backing
  const read = [...request.sources, ...(below ? [{ ...below, reading: {} }] : [])]
  const copies = convertCopies(request, sources)
  const { targets, above } = await targetFacts(copies, { ...request, read, collect }, context)
  const [first] = copies
  const backing =
    below && first
      ? await collect(async () =>
          backingFacts({ target: first.target, format: request.format }, below, context),
        )
      : null
  const { by } = request
  const tool =
    by === 'varve'
      ? null
      : {
          isThere: (await collect(async () => isToolThere(by, context))) ?? false,
          links: sources.map((source) => source?.report.chain.length ?? 1),
        }
  return {
    host: context.host,
    sources,
    targets,
    backing,
    ...(tool && { tool }),
    problems: [...problems, ...above],
  }
})
