import { deleteOperation } from '@varve/operations/delete/plan'
import { gatherImageFiles } from './image-files.ts'
import { defineLocalOperation } from './local-operation.ts'

export const deleteHere = defineLocalOperation(deleteOperation, async ({ image }, context) =>
  gatherImageFiles(image, context),
)
