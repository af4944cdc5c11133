import { growOperation } from '@varve/operations/grow/plan'
import { defineLocalOperation } from './local-operation.ts'
import { gatherResize } from './resize-facts.ts'

export const growHere = defineLocalOperation(growOperation, async ({ image }, context) =>
  gatherResize(image, context),
)
