/** What the command reads from its environment, once. */
export interface CliConfig {
  readonly controller: string
  readonly color: boolean
  readonly isTerminal: boolean
}

export function readConfig(): CliConfig {
  const { env, stdout, stderr } = process
  const wantsColor = env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb'
  return {
    controller: env['VARVE_CONTROLLER'] ?? 'http://127.0.0.1:7070',
    color: wantsColor && stdout.isTTY,
    isTerminal: stderr.isTTY,
  }
}
