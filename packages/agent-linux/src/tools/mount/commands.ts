import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface Mounting {
  readonly device: string
  /** Absolute. */
  readonly folder: string
  readonly type: string
  readonly options: readonly string[]
}

/** A journal may be replayed, which reads and writes for long. */
const silence = { ms: 300_000, io: true }

/** `mount` with source and target by name: neither is looked up in fstab. */
export function mountCommand({ device, folder, type, options }: Mounting): ToolCommand<null> {
  return {
    tool: 'mount',
    args: ['-t', type, '-o', options.join(','), '--source', device, '--target', folder],
    silence,
    parse: () => null,
  }
}

/** `umount`; 32: nothing is mounted there, or somebody uses it. */
export function umountCommand(folder: string): ToolCommand<null> {
  return { tool: 'umount', args: ['--', folder], expected: [0, 32], silence, parse: () => null }
}
