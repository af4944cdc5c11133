import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface Renamed {
  readonly group: string
  readonly from: string
  readonly to: string
}

/** `lvrename`, which never takes the name of another volume; 5: it refused, or there is none of that name. */
export function renameCommand({ group, from, to }: Renamed): ToolCommand<null> {
  return {
    tool: 'lvm',
    args: ['lvrename', '--quiet', group, from, to],
    expected: [0, 5],
    parse: () => null,
  }
}
