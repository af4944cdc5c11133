import { installSystems, type InstallSystem } from '@varve/protocol/install-systems'
import type { MadeJoinToken } from '@varve/protocol/trust'
import { isLoopbackName } from '../http/guard.ts'
import { scriptFiles } from '../install/install-script.ts'
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

/** The lines that install and join a host, of each system. */
export function installLines(
  at: ListeningAt,
  { state: { release, reason }, token, pattern }: LineFacts,
): MadeJoinToken['install'] {
  return installSystems.map((system) => {
    if (!release) return { system, line: null, reason }
    const { script, reason: missing } = release.scripts[system]
    if (!script) return { system, line: null, reason: missing }
    const name = pattern.includes('*') ? null : pattern
    const make = system === 'windows' ? powershellLine : shellLine
    return {
      system,
      line: make({ at: secureAddress(at), system, sum: script.sum, token, name }),
      reason: null,
    }
  })
}

interface LineParts {
  readonly at: string
  readonly system: InstallSystem
  /** Of the script. */
  readonly sum: string
  readonly token: string
  readonly name: string | null
}

const otherScript = 'varve: this is not the script of the line, make a new one on the controller'

/**
 * The network is not believed: the line has the sum of the script, the script those of the archives. The token is in no command line of
 * a process, where others of the host could read it: `printf` is of the shell.
 */
function shellLine({ at, system, sum, token, name }: LineParts): string {
  const [summing, sudo] =
    system === 'macos' ? ['shasum -a 256', 'sudo'] : ['sha256sum', "$(sh -c 'command -v sudo')"]
  return [
    `s=$(curl -fsSk ${quoted(`${at}/install/${scriptFiles[system].name}`)})`,
    `[ "$(printf %s "$s" | ${summing})" = "${sum}  -" ] || s='echo ${otherScript} >&2; exit 1'`,
    `printf '%s\\n' VARVE_JOIN_TOKEN=${token} "$s" | ${sudo} sh -s ${quoted(at)}${name === null ? '' : ` --name ${name}`}`,
  ].join('; ')
}

/** The same for PowerShell: all of it is in one process, and the token is a variable of that until the script has taken it. */
function powershellLine({ at, sum, token, name }: LineParts): string {
  const found = `[BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash([Text.Encoding]::UTF8.GetBytes($s))) -replace '-'`
  return [
    `$s = (curl.exe -fsSk '${at}/install/${scriptFiles.windows.name}') -join "\`n"`,
    `if ((${found}) -ne '${sum}') { $s = "throw '${otherScript}'" } else { $env:VARVE_JOIN_TOKEN = '${token}' }`,
    `& ([scriptblock]::Create($s)) '${at}'${name === null ? '' : ` -Name ${name}`}`,
  ].join('; ')
}

function secureAddress(at: ListeningAt): string {
  const { port, hostname } = new URL(at.url)
  return `https://${wildcards.has(at.host) ? at.machine : hostname}:${port}`
}

/** As one word of a shell. */
function quoted(text: string): string {
  return /^[\w.:/-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
