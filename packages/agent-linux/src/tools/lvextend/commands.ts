import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface Extended {
  readonly group: string
  readonly name: string
  /** Bytes, whole extents. */
  readonly size: number
}

/** `lvextend`, which never makes a volume smaller. */
export function extendCommand({ group, name, size }: Extended): ToolCommand<null> {
  return {
    tool: 'lvm',
    args: ['lvextend', '--yes', '--quiet', '--size', `${size}b`, `${group}/${name}`],
    silence: { ms: 120_000, io: true },
    parse: () => null,
  }
}
