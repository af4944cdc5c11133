import { writingToolRules } from '@varve/operations/convert/writing-tools'
import { listMedia } from '../../tools/vboxmanage/commands.ts'
import { isSameLocation } from '../../tools/vboxmanage/output.ts'
import type { ActionContext, AdapterOf } from '../adapter.ts'
import { assertImage, assertTarget } from '../inside-roots.ts'
import { buildCommand, writtenPlace } from './build-command.ts'
import { discardWritten, prepareFolder, takeWritten } from './take-written.ts'

const programs = Object.values(writingToolRules).flatMap(({ program }) => program ?? [])

/** The tool writes in a hidden folder; what it wrote becomes the staged image. */
export const writeByTool: AdapterOf<'write-by-tool'> = {
  tools: programs,
  command(input) {
    const { tool, args } = buildCommand(input)
    return { argv: [tool, ...args] }
  },

  async run(input, context) {
    const { ports, signal, onProgress } = context
    const { source, image } = input
    await assertImage(ports, source.path)
    await assertTarget(ports, image.target)
    const known = await mediaOf(input, context)
    await prepareFolder(input)
    try {
      await ports.tools.run(buildCommand(input), {
        signal,
        file: image.target,
        onProgress: (progress) => onProgress({ of: 'tool', progress }),
      })
      const media = await mediaOf(input, context)
      return { ...(await takeWritten(input, context)), media: media.filter((one) => !known.includes(one)) }
    } catch (error) {
      // Once more when the run is undone; what it failed with is what counts.
      await discardWritten(input).catch(() => {})
      throw error
    }
  },
}

/** What the registry of VirtualBox has of the two images; nothing, where another tool is asked. */
async function mediaOf(
  { tool, source, image }: Parameters<typeof buildCommand>[0],
  { ports, signal }: ActionContext,
): Promise<string[]> {
  if (tool !== 'vboxmanage') return []
  const own = [source.path, writtenPlace(image).path]
  const media = await ports.tools.run(listMedia, { signal, file: image.target })
  return own.filter((one) => media.some(({ location }) => isSameLocation(location, one)))
}
