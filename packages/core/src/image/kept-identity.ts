import type { ImageFacts } from './image-facts.ts'

/** What an image that takes another one's place goes on being known by. */
export interface KeptIdentity {
  /** The disk, whatever it holds: unique ID of a VHD, virtual disk ID of a VHDX, creation UUID of a VDI. */
  readonly disk?: string | undefined
  /** Its content: time stamp of a VHD in ms, DataWriteGuid of a VHDX, CID of a VMDK, modification UUID of a VDI. */
  readonly content?: string | undefined
}

/**
 * By what programs and children know an image that another one is to replace; null: its format has nothing. Where the new one
 * holds the same disk its children go on to stand on it; else its content gets a mark of its own.
 */
export function keptIdentity(
  { format, identity, content, details }: Pick<ImageFacts, 'format' | 'identity' | 'content' | 'details'>,
  isSameDisk: boolean,
): KeptIdentity | null {
  const kept = (disk: string | undefined, mark: string | undefined): KeptIdentity => ({
    ...(disk !== undefined && { disk }),
    ...(isSameDisk && mark !== undefined && { content: mark }),
  })
  switch (format) {
    case 'vhd':
      if (identity.kind !== 'uuid') return null
      return kept(identity.uuid, content?.kind === 'time' ? String(content.ms) : undefined)
    case 'vdi':
      if (identity.kind !== 'uuid') return null
      return kept(identity.uuid, content?.kind === 'uuid' ? content.uuid : undefined)
    case 'vhdx': {
      const disk = details['virtualDiskId']
      if (identity.kind !== 'uuid') return null
      return kept(typeof disk === 'string' ? disk : undefined, identity.uuid)
    }
    case 'vmdk':
      return identity.kind === 'content-id' ? kept(undefined, identity.cid) : null
    default:
      return null
  }
}
