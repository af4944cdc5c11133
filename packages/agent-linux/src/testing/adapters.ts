import { linuxAdapters } from '../actions/adapter-table.ts'

/** For processes of a walk of kills, which find it by its URL. */
export const adapters = linuxAdapters
