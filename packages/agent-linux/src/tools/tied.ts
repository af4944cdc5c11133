import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** A command that others start; `of` is the tool that people know. */
export interface TiedCommand<Output> extends ToolCommand<Output> {
  readonly of: string
}

/** The same command, ended by the kernel when the process that has started it ends: nobody works on a device that was given up. */
export function tied<Output>(command: ToolCommand<Output>): TiedCommand<Output> {
  return startedBy('setpriv', ['--pdeathsig', 'KILL'], command)
}

/** What is mounted by the command is seen by it alone, and is gone with it and all that it has started. */
export function alone<Output>(command: ToolCommand<Output>): TiedCommand<Output> {
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL']
  return tied(startedBy('unshare', namespaces, command))
}

function startedBy<Output>(
  starter: string,
  options: readonly string[],
  command: ToolCommand<Output> | TiedCommand<Output>,
): TiedCommand<Output> {
  const of = 'of' in command ? command.of : command.tool
  return { ...command, of, tool: starter, args: [...options, '--', command.tool, ...command.args] }
}
