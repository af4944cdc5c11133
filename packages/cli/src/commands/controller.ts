import { spawn } from 'node:child_process'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import {
  controllerCommands,
  type ControllerCommand,
  type ControllerCommandName,
} from '@varve/protocol/controller-commands'
import type { CommandContext } from '../command.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'

/** Options as the grammar has read them, by their names in camel case. */
export type ControllerWords = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** Hands a command of the controller to its program, which shares this terminal; gives its exit code. */
export async function controllerProgram(
  name: ControllerCommandName,
  { operands, options }: { readonly operands: readonly string[]; readonly options: ControllerWords },
  { signal }: CommandContext,
): Promise<ExitCode> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, programFile(), name, ...wordsOf(name, options), '--', ...operands],
    {
      stdio: 'inherit',
    },
  )
  // Of the terminal it gets the signal as this process does; from elsewhere it is told.
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, by) => resolve(toExitCode(code, by)))
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** The words that the options were read from. */
export function wordsOf(name: ControllerCommandName, options: ControllerWords): string[] {
  const command: ControllerCommand = controllerCommands[name]
  const own = command.options.flatMap(({ name: option }) => {
    const said = options[option.replaceAll(/-(\w)/gu, (_, letter: string) => letter.toUpperCase())]
    if (said === undefined || said === false) return []
    if (said === true) return [`--${option}`]
    return [said].flat().map((value) => `--${option}=${String(value)}`)
  })
  return options['json'] === true ? [...own, '--json'] : own
}

/** Its exit codes are those of `varve`. */
function toExitCode(code: number | null, by: NodeJS.Signals | null): ExitCode {
  if (by !== null) return by === 'SIGINT' || by === 'SIGTERM' ? exitCodes.interrupted : exitCodes.internal
  return Object.values(exitCodes).find((known) => known === code) ?? exitCodes.internal
}

/** In a checkout and in a release the packages lie beside each other. */
function programFile(): string {
  const manifest = findPackageJSON(import.meta.url)
  if (manifest === undefined) throw new Error('the command lies outside its package')
  return join(dirname(manifest), '../controller/bin/varve-controller.mjs')
}
