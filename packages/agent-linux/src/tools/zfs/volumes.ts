import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface NewZfsVolume {
  /** `POOL/VOLUME`. */
  readonly name: string
  /** Bytes, whole blocks. */
  readonly size: number
  readonly blockSize: number
  readonly sparse: boolean
}

const silence = { ms: 120_000, io: true }

/** `zfs create -V`. */
export function createVolumeCommand({ name, size, blockSize, sparse }: NewZfsVolume): ToolCommand<null> {
  return {
    tool: 'zfs',
    args: ['create', ...(sparse ? ['-s'] : []), '-b', String(blockSize), '-V', String(size), name],
    silence,
    parse: () => null,
  }
}

/** `zfs destroy` of a volume alone, which one with snapshots refuses; 1: it refused, or there is none of that name. */
export function destroyVolumeCommand(name: string): ToolCommand<null> {
  return { tool: 'zfs', args: ['destroy', name], expected: [0, 1], silence, parse: () => null }
}

/** `zfs rename`, which never takes the name of another; 1: it refused, or there is none of that name. */
export function renameVolumeCommand({
  from,
  to,
}: {
  readonly from: string
  readonly to: string
}): ToolCommand<null> {
  return { tool: 'zfs', args: ['rename', from, to], expected: [0, 1], silence, parse: () => null }
}

/** `zfs snapshot`. */
export function snapshotCommand(snapshot: string): ToolCommand<null> {
  return { tool: 'zfs', args: ['snapshot', snapshot], silence, parse: () => null }
}

/** `zfs destroy` of a snapshot, which one that is held or has clones refuses. */
export function destroySnapshotCommand(snapshot: string): ToolCommand<null> {
  return { tool: 'zfs', args: ['destroy', snapshot], silence, parse: () => null }
}

/** `zfs clone` of a snapshot of a volume; nothing is kept back for it. */
export function cloneCommand(snapshot: string, name: string): ToolCommand<null> {
  return { tool: 'zfs', args: ['clone', snapshot, name], silence, parse: () => null }
}

interface ZfsSize {
  readonly name: string
  /** Bytes, whole blocks. */
  readonly size: number
  /** Whether room for all of it is kept back. */
  readonly isReserved: boolean
}

/** `zfs set volsize`: what lies behind a smaller size is gone. */
export function volumeSizeCommand({ name, size, isReserved }: ZfsSize): ToolCommand<null> {
  const reserved = isReserved ? ['refreservation=auto'] : []
  return { tool: 'zfs', args: ['set', `volsize=${size}`, ...reserved, name], silence, parse: () => null }
}

/** `zfs promote`: the snapshots up to the one that it is a clone of are its own then; 1: it is no clone. */
export function promoteCommand(name: string): ToolCommand<null> {
  return { tool: 'zfs', args: ['promote', name], expected: [0, 1], silence, parse: () => null }
}
