import { shrinkOperation } from '@varve/operations/shrink/plan'
import { defineLocalOperation } from './local-operation.ts'
import { gatherResize } from './resize-facts.ts'

export const shrinkHere = defineLocalOperation(shrinkOperation, async ({ image }, context) =>
  gatherResize(image, context),
)
