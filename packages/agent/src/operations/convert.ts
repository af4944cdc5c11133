import { writingToolRules, type WritingTool } from '@varve/operations/convert/writing-tools'
import { convertCopies, convertOperation } from '@varve/operations/convert/plan'
import { backingFacts, problemCollector, sourceFacts, targetFacts } from './copy-facts.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

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
  const tool =
    request.by === 'varve'
      ? null
      : {
          isThere: (await collect(async () => isToolThere(request.by, context))) ?? false,
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

async function isToolThere(tool: WritingTool | 'varve', { ports }: FactsContext): Promise<boolean> {
  if (tool === 'varve') return true
  const { program } = writingToolRules[tool]
  if (program !== null) return (await ports.tools.find(program)) !== null
  const host = ports.windowsHost
  return host !== undefined && (await host.disks(null)).by === 'hyper-v'
}
