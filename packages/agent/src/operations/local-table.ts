import type { LocalOperation } from './local-operation.ts'

/** The operations that one host plans by itself; a new one is its file and one line here. */
export const localOperations = {} as const satisfies Record<string, LocalOperation>
