import type { AdapterTable } from './adapter.ts'

/** What Varve does alike on every system; a new action is its folder and one line here. */
export const adapterTable = {} as const satisfies AdapterTable
