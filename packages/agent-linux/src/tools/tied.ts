import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** The same command, ended by the kernel when the process that has started it ends: nobody works on a device that was given up. */
export function tied<Output>(command: ToolCommand<Output>): ToolCommand<Output> {
  return {
    ...command,
    tool: 'setpriv',
    args: ['--pdeathsig', 'KILL', '--', command.tool, ...command.args],
  }
}

/** What is mounted by the command is seen by it alone, and is gone with it and all that it has started. */
export function alone<Output>(command: ToolCommand<Output>): ToolCommand<Output> {
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL']
  return tied({ ...command, tool: 'unshare', args: [...namespaces, '--', command.tool, ...command.args] })
}
