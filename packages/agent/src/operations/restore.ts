import { restoreOperation } from '@varve/operations/restore/plan'
import { defineLocalOperation } from './local-operation.ts'
import { gatherEntry } from './quarantine-entry.ts'

export const restoreHere = defineLocalOperation(restoreOperation, gatherEntry)
