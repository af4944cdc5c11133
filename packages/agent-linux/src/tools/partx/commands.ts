import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** `partx --update`, also where this kernel does not read partition tables itself; 1: there is none that can be read. */
export function updateCommand(device: string): ToolCommand<null> {
  return { tool: 'partx', args: ['--update', device], expected: [0, 1], parse: () => null }
}
