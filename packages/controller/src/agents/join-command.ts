import type { MadeJoinToken } from '@varve/protocol/trust'
import { isLoopbackName } from '../http/guard.ts'
import type { ReleaseState } from '../install/releases.ts'

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
  return `./varve agent join ${secureAddress(at)} ${token}`
}

export interface LineFacts {
  readonly state: ReleaseState
  readonly token: string
  /** Of names that the token fits. */
  readonly pattern: string
}

/**
 * The line that installs and joins a Linux host. The network is not believed: the line has the sum of the script, the script those of
 * the archives. The token is in no command line of a process, where others of the host could read it: `printf` is of the shell.
 */
export function installLine(
  at: ListeningAt,
  { state: { release, reason }, token, pattern }: LineFacts,
): MadeJoinToken['install'] {
  if (!release) return { line: null, reason }
  const url = quoted(secureAddress(at))
  const other = `echo varve: this is not the script of the line, make a new one on the controller >&2; exit 1`
  const name = pattern.includes('*') ? '' : ` --name ${pattern}`
  const line = [
    `s=$(curl -fsSk ${quoted(`${secureAddress(at)}/install/linux.sh`)})`,
    `[ "$(printf %s "$s" | sha256sum)" = "${release.linux.sum}  -" ] || s='${other}'`,
    `printf '%s\\n' VARVE_JOIN_TOKEN=${token} "$s" | $(sh -c 'command -v sudo') sh -s ${url}${name}`,
  ].join('; ')
  return { line, reason: null }
}

function secureAddress(at: ListeningAt): string {
  const { port, hostname } = new URL(at.url)
  return `https://${wildcards.has(at.host) ? at.machine : hostname}:${port}`
}

/** As one word of a shell. */
function quoted(text: string): string {
  return /^[\w.:/-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
