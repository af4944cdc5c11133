import type { Command } from 'commander'
import type { CommandContext, Outcome } from '../command.ts'
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { powershellCompletion } from '../completion/powershell.ts'
import { shells, type Shell } from '../completion/shells.ts'
import { zshCompletion } from '../completion/zsh.ts'
import { exitCodes } from '../exit-codes.ts'
import { modelOf, type CommandModel } from '../grammar/model.ts'

const scriptsOf: Readonly<Record<Shell, (model: CommandModel) => string>> = {
  bash: bashCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
  zsh: zshCompletion,
}

interface About {
  readonly context: CommandContext
  readonly program: Command
}

/** `varve completion SHELL`: a script for that shell, made from the grammar of this version. */
export async function completion(shell: string, { context, program }: About): Outcome {
  const known = shells.find((name) => name === shell) ?? 'bash'
  const script = scriptsOf[known](modelOf(program))
  context.print(context.json ? JSON.stringify({ shell: known, script }) : script.trimEnd())
  return Promise.resolve(exitCodes.ok)
}
