import { attachedOperation } from '@varve/operations/attached/plan'
import { defineLocalOperation } from './local-operation.ts'

export const attachedHere = defineLocalOperation(attachedOperation, async (_, { host }) =>
  Promise.resolve({ host, images: [], problems: [] }),
)
