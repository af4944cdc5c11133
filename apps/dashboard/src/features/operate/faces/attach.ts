import type { Face, Subject } from '../face.ts'
import { address, nameOf, unreadable } from '../face-parts.ts'

export const attachFace: Face = {
  operation: 'attach',
  verb: 'Attach',
  about: 'Makes it a disk of its host with its partitions, read-only.',
  effect: 'reads',
  keywords: 'device loop nbd losetup partitions block',
  ready: 'Nothing is written to it. Its host’s page releases the device; so does undo.',
  of: 'image',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: (subject) => ({ image: address(nameOf(subject)), inUse: 'refuse', isWritten: false }),
  unfit: (subject) => notMadeDisk(subject) ?? unreadable(subject),
}

/** Why its host makes no disk of it; null: it may. */
export function notMadeDisk({ hostView, row }: Subject): string | null {
  switch (hostView?.os.platform) {
    case 'macos':
      return isOfMac(row?.format) ? null : 'macOS attaches raw, UDIF, sparse images and ASIF'
    case 'windows':
      return row?.format === 'vhd' || row?.format === 'vhdx' ? null : 'Windows attaches VHD and VHDX alone'
    default:
      return null
  }
}

function isOfMac(format: string | null | undefined): boolean {
  return ['raw', 'udif', 'sparseimage', 'sparsebundle', 'asif'].includes(format ?? '')
}

export const detachFace: Face = {
  operation: 'detach',
  verb: 'Release',
  about: 'Takes the block device away that an image was attached as; the image stays as it is.',
  effect: 'removes',
  keywords: 'detach device loop nbd',
  ready: 'Nobody else’s device is touched.',
  of: 'leftover',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: ({ target = '' }) => ({ target }),
  unfit: ({ target }) => (target === undefined ? 'It is not attached' : null),
}
