import type { ToolCommand } from '@varve/agent/tools/tool-command'

const parameters: Readonly<Record<'loop' | 'nbd', readonly string[]>> = { loop: [], nbd: ['max_part=16'] }

export function loadCommand(module: 'loop' | 'nbd'): ToolCommand<null> {
  return { tool: 'modprobe', args: [module, ...parameters[module]], parse: () => null }
}
