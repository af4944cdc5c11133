import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface NewLogicalVolume {
  readonly group: string
  readonly name: string
  readonly tag: string
  /** Bytes, whole extents. */
  readonly size: number
  /** Null: thick. */
  readonly pool: string | null
}

/** `lvcreate`: the beginning of a thick volume is cleared, so that no signature of an earlier one is found in it. */
export function createCommand({ group, name, tag, size, pool }: NewLogicalVolume): ToolCommand<null> {
  const kind =
    pool === null
      ? ['--wipesignatures', 'y', '--zero', 'y', '--size', `${size}b`]
      : ['--type', 'thin', '--thinpool', pool, '--virtualsize', `${size}b`]
  return {
    tool: 'lvm',
    args: ['lvcreate', '--yes', '--quiet', '--name', name, '--addtag', tag, ...kind, group],
    silence,
    parse: () => null,
  }
}

/** Metadata of many volumes takes a while to be written. */
const silence = { ms: 120_000, io: true }

interface NewSnapshot {
  readonly group: string
  readonly origin: string
  readonly name: string
  readonly tag: string
}

/** `lvcreate --snapshot` of a thin volume: as large, with the same blocks, and active, so that it can be read. */
export function snapshotCommand({ group, origin, name, tag }: NewSnapshot): ToolCommand<null> {
  return {
    tool: 'lvm',
    args: [
      'lvcreate',
      '--yes',
      '--quiet',
      '--snapshot',
      '--setactivationskip',
      'n',
      '--name',
      name,
      '--addtag',
      tag,
      `${group}/${origin}`,
    ],
    silence,
    parse: () => null,
  }
}
