import { linuxAdapters } from '../actions/adapter-table.ts'
import { readLinuxPlaces } from '../places/read-linux-places.ts'

/** For processes of a walk of kills, which find both by its URL. */
export const adapters = linuxAdapters
export const readPlaces = readLinuxPlaces
