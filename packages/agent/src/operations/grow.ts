import { growOperation } from '@varve/operations/grow/plan'
import { distributionOfImage } from './distribution-of-image.ts'
import { defineLocalOperation } from './local-operation.ts'
import { gatherResize } from './resize-facts.ts'

export const growHere = defineLocalOperation(growOperation, async ({ image }, context) => {
  const facts = await gatherResize(image, context)
  const { ports } = context
  const found = await distributionOfImage(facts.image.path, ports).catch(() => null)
  if (found === null) return facts
  const { kind, name, owner, isOwn } = found
  return {
    ...facts,
    distribution: { kind, name, owner, isOwn, wsl: (await ports.windowsHost?.wslVersion()) ?? null },
  }
})
