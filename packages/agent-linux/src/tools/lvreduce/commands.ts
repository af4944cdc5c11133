import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface Reduced {
  readonly group: string
  readonly name: string
  /** Bytes, whole extents. */
  readonly size: number
}

const silence = { ms: 120_000, io: true }

function argsOf({ group, name, size }: Reduced, more: readonly string[]): readonly string[] {
  return ['lvreduce', '--yes', '--force', '--quiet', ...more, '--size', `${size}b`, `${group}/${name}`]
}

/** `lvreduce`, which never makes a volume larger; what lies behind is gone. */
export function reduceCommand(reduced: Reduced): ToolCommand<null> {
  return { tool: 'lvm', args: argsOf(reduced, []), silence, parse: () => null }
}

/**
 * The same of LVM from 2.03.17 on, which looks for filesystems itself unless it is told not to, and cuts nothing that it does not
 * know; false: this LVM has no such option (3).
 */
export function reduceWhateverIsThere(reduced: Reduced): ToolCommand<boolean> {
  return {
    tool: 'lvm',
    args: argsOf(reduced, ['--fs', 'ignore']),
    expected: [0, 3],
    silence,
    parse: ({ exitCode }) => exitCode === 0,
  }
}
