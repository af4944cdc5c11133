import { readRecipe } from '@varve/core/filesystems/read-recipe'
import { randomHex } from '@varve/core/binary/random-hex'
import { findBlockLoaders } from '@varve/core/partitions/block-loaders'
import { stagedPath } from '@varve/engine/files/staged-name'
import { openInput } from '@varve/engine/run/open-input'
import type { ByFilesFacts, ResizeFacts } from '@varve/operations/resize/facts'
import { isMade } from '@varve/operations/resize/kinds'
import { shrunkTarget } from '@varve/operations/shrink/choice'
import { shrinkOperation } from '@varve/operations/shrink/plan'
import type { ShrinkRequest } from '@varve/operations/shrink/request'
import { diskInput } from '../actions/image-input.ts'
import { stdoutText } from '../tools/tool-command.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { gatherResize } from './resize-facts.ts'

export const shrinkHere = defineLocalOperation(shrinkOperation, async (request, context) => {
  const facts = await gatherResize(request.image, context)
  return request.byFiles ? { ...facts, byFiles: await gatherByFiles(facts, request, context) } : facts
})

/** How the filesystem that is to become smaller was made, and what starts from it. */
async function gatherByFiles(
  { image, guest }: ResizeFacts,
  request: ShrinkRequest,
  context: FactsContext,
): Promise<ByFilesFacts> {
  const staging = randomHex(6)
  const found = {
    small: { path: stagedPath(image.path, staging), staging },
    recipe: null,
    loaders: [],
    xfsVersion: null,
  }
  const target = guest === null ? undefined : shrunkTarget(guest, request)
  const filesystem = target?.filesystem ?? null
  if (filesystem === null || !isMade(filesystem.type)) return found
  const { ports, signal } = context
  const source = diskInput({ path: image.path, format: null, reading: {} }, ports)
  await using opened = await openInput(source, { io: 'async', signal })
  const hasBootSector = filesystem.type !== 'xfs'
  return {
    ...found,
    recipe: await readRecipe(opened.disk, filesystem, signal),
    loaders: await findBlockLoaders(opened.disk, { ...filesystem, hasBootSector }),
    xfsVersion: filesystem.type === 'xfs' ? await xfsVersion(context) : null,
  }
}

/** What mkfs.xfs says of itself; null: it is not there, or says nothing of that kind. */
async function xfsVersion({ ports, signal }: FactsContext): Promise<ByFilesFacts['xfsVersion']> {
  const tool = 'mkfs.xfs'
  if ((await ports.tools.find(tool)) === null) return null
  return await ports.tools.run(
    {
      tool,
      args: ['-V'],
      parse(output) {
        const [, major, minor] = /(\d{1,4})\.(\d{1,4})/u.exec(stdoutText(output)) ?? []
        return major === undefined || minor === undefined ? null : [Number(major), Number(minor)]
      },
    },
    { signal },
  )
}
