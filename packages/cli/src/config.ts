import { homedir } from 'node:os'
import { join } from 'node:path'

/** What the command reads from its environment, once. */
export interface CliConfig {
  /** What is logged, as `VARVE_LOG` says it. */
  readonly log: string | null
  readonly controller: string
  readonly color: boolean
  readonly isTerminal: boolean
  /** Columns of the terminal that standard output is; null when it is none. */
  readonly width: number | null
  /** Folder of the journals of runs on this host. */
  readonly runsFolder: string
  /** Where this host keeps what outlives a command and is no journal: where quarantines are, what images held. */
  readonly stateFolder: string
  /** Where this host keeps what lives as long as the machine runs; null: /run/varve. */
  readonly runtimeFolder: string | null
}

export function readConfig(): CliConfig {
  const { env, stdout, stderr } = process
  const ownState = env['VARVE_STATE'] ?? join(stateFolder(env), 'varve')
  const wantsColor = env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb'
  return {
    log: env['VARVE_LOG'] ?? null,
    controller: env['VARVE_CONTROLLER'] ?? 'http://127.0.0.1:7070',
    color: wantsColor && stdout.isTTY,
    isTerminal: stderr.isTTY,
    // A serial console, or a terminal made by a program, may say that it has 0.
    width: stdout.isTTY && stdout.columns > 0 ? stdout.columns : null,
    runsFolder: env['VARVE_RUNS'] ?? join(ownState, 'runs'),
    stateFolder: ownState,
    runtimeFolder: env['VARVE_RUNTIME'] ?? null,
  }
}

/** Where a program of this user keeps what outlives it; on Linux the XDG base directory specification's. */
function stateFolder(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'win32') return env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support')
  return env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state')
}
