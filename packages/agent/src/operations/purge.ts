import { purgeOperation } from '@varve/operations/purge/plan'
import { defineLocalOperation } from './local-operation.ts'
import { gatherEntry } from './quarantine-entry.ts'

export const purgeHere = defineLocalOperation(purgeOperation, gatherEntry)
