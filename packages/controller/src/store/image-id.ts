import { createHash } from 'node:crypto'

/** The id of the image `name` of a library: the same file keeps its id over scans and restarts. */
export function imageIdOf(host: string, library: string, name: string): string {
  const key = JSON.stringify([host, library, name])
  return createHash('sha256').update(key).digest('hex').slice(0, 20)
}
