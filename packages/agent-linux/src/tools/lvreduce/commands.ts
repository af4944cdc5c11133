import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface Reduced {
  readonly group: string
  readonly name: string
  /** Bytes, whole extents. */
  readonly size: number
}

/** `lvreduce`, which never makes a volume larger; what lies behind is gone. */
export function reduceCommand({ group, name, size }: Reduced): ToolCommand<null> {
  return {
    tool: 'lvm',
    args: ['lvreduce', '--yes', '--force', '--quiet', '--size', `${size}b`, `${group}/${name}`],
    silence: { ms: 120_000, io: true },
    parse: () => null,
  }
}
