import { isLoopbackName } from '../http/guard.ts'

/** What all addresses of a machine are called when a server listens on them. */
const wildcards = new Set(['0.0.0.0', '::'])

export interface ListeningAt {
  /** What is listened on. */
  readonly url: string
  /** The address that was asked for. */
  readonly host: string
  /** The name of this machine. */
  readonly machine: string
}

/** The command by which a host joins a controller. */
export function joinCommand({ url, host, machine }: ListeningAt): string {
  const { origin, port } = new URL(url)
  const controller = wildcards.has(host) ? `http://${machine}:${port}` : origin
  const words = ['./varve agent', `--controller ${controller}`, '--library images=/path/to/images']
  // Agents serve their images on loopback unless told where the others reach them.
  if (!isLoopbackName(host)) words.push('--nbd-host ADDRESS-OF-THE-HOST')
  return words.join(' ')
}

/** The command by which a host joins with a token, and shows who it is from then on. */
export function joinByTokenCommand(at: ListeningAt, token: string): string {
  const { port } = new URL(at.url)
  const host = wildcards.has(at.host) ? at.machine : new URL(at.url).hostname
  return `./varve agent join https://${host}:${port} ${token}`
}
