/** What the command reads from its environment, once. */
export interface CliConfig {
  readonly controller: string
  readonly color: boolean
  readonly isTerminal: boolean
  /** Columns of the terminal that standard output is; null when it is none. */
  readonly width: number | null
}

export function readConfig(): CliConfig {
  const { env, stdout, stderr } = process
  const wantsColor = env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb'
  return {
    controller: env['VARVE_CONTROLLER'] ?? 'http://127.0.0.1:7070',
    color: wantsColor && stdout.isTTY,
    isTerminal: stderr.isTTY,
    // A serial console, or a terminal made by a program, may say that it has 0.
    width: stdout.isTTY && stdout.columns > 0 ? stdout.columns : null,
  }
}
