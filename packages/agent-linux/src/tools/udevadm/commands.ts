import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** `udevadm control --reload`: rules that were added hold for what comes from then on. */
export function reloadCommand(): ToolCommand<null> {
  return { tool: 'udevadm', args: ['control', '--reload'], parse: () => null }
}
