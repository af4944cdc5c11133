import { join } from 'node:path'
import { ownAccessFolder, ownStateFolder } from '@varve/trust/own-folders'

/** What the command reads from its environment, once. */
export interface CliConfig {
  /** What is logged, as `VARVE_LOG` says it. */
  readonly log: string | null
  readonly controller: string
  /** A key of the controller; null: what `varve login` has kept, or this machine's own. */
  readonly key: string | null
  /** Where controllers of this user say how they let it in. */
  readonly accessFolder: string
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
  const ownState = ownStateFolder(env)
  const wantsColor = env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb'
  return {
    log: env['VARVE_LOG'] ?? null,
    controller: env['VARVE_CONTROLLER'] ?? 'http://127.0.0.1:7070',
    key: env['VARVE_KEY'] ?? null,
    accessFolder: ownAccessFolder(env),
    color: wantsColor && stdout.isTTY,
    isTerminal: stderr.isTTY,
    // A serial console, or a terminal made by a program, may say that it has 0.
    width: stdout.isTTY && stdout.columns > 0 ? stdout.columns : null,
    runsFolder: env['VARVE_RUNS'] ?? join(ownState, 'runs'),
    stateFolder: ownState,
    runtimeFolder: env['VARVE_RUNTIME'] ?? null,
  }
}
