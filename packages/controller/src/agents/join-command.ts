import { hostname } from 'node:os'
import { isLoopbackName } from '../http/guard.ts'

/** What all addresses of a machine are called when a server listens on them. */
const wildcards = new Set(['0.0.0.0', '::', '[::]'])

/** The command by which a host joins. `url`: what was listened on; `host`: the address that was asked for. */
export function joinCommand(url: string, host: string): string {
  const reached = new URL(url)
  if (wildcards.has(host)) reached.hostname = hostname()
  const words = ['./varve agent', `--controller ${reached.origin}`, '--library images=/path/to/images']
  // Agents serve their images on loopback unless told where the others reach them.
  if (!isLoopbackName(host)) words.push('--nbd-host ADDRESS-OF-THE-HOST')
  return words.join(' ')
}
