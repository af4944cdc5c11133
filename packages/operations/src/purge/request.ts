import { RestoreRequest } from '../restore/request.ts'

/** Removes what an entry of a quarantine holds, for good. */
export const PurgeRequest = RestoreRequest
export type PurgeRequest = RestoreRequest
