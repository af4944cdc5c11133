import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface StartConfig {
  readonly port: number
  /** Everything that npm start writes lies below this folder. */
  readonly data: string
  /** Ends after the migration instead of staying up. */
  readonly once: boolean
  readonly isTerminal: boolean
  /** What opens a page in a browser; null: this is no desktop, or nobody looks. */
  readonly opener: string | null
}

export const root = resolve(import.meta.dirname, '../../..')

/** Why npm start cannot go on, in one sentence for the person who started it. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

export function readConfig(argv: readonly string[]): StartConfig {
  const options = { once: { type: 'boolean' }, port: { type: 'string' }, data: { type: 'string' } } as const
  let values
  try {
    values = parseArgs({ args: [...argv], options, strict: true }).values
  } catch (error) {
    throw new StartError(
      `${error instanceof Error ? error.message : String(error)}. Usage: npm start -- [--once] [--port N] [--data FOLDER]`,
    )
  }
  const port = Number(values.port ?? 7070)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new StartError(`--port takes a number from 0 to 65535, not ${values.port}.`)
  return {
    port,
    data: resolve(values.data ?? `${root}/.varve/fleet`),
    once: values.once === true,
    isTerminal: process.stderr.isTTY,
    opener: process.stderr.isTTY ? openerOf(process.platform, process.env) : null,
  }
}

function openerOf(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string | null {
  if (platform === 'darwin') return 'open'
  if (platform === 'win32') return 'explorer.exe'
  return env['DISPLAY'] === undefined && env['WAYLAND_DISPLAY'] === undefined ? null : 'xdg-open'
}
