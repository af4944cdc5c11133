import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** `partx --update`, also where this kernel does not read partition tables itself; without numbers it passes over logical partitions. 1: no table can be read. */
export function updateCommand(device: string): ToolCommand<null> {
  return { tool: 'partx', args: ['--update', '--nr', '1:256', device], expected: [0, 1], parse: () => null }
}
