import type { Operation } from './operation.ts'

/** Every operation there is; a new one is its folder and one line here. */
export const operationTable = {} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof operationTable
