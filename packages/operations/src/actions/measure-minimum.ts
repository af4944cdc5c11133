import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { FilesystemPlace } from './filesystem-place.ts'
import { GroupExtents } from './find-extents.ts'
import { deviceOf } from './mount-filesystem.ts'

/** Asks a filesystem's own tool how small it can become, and derives the sizes of all that is around it. */
export const measureMinimum = defineAction({
  name: 'measure-minimum',
  layer: 'L6',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    FilesystemPlace.unwrap().extend({
      /** Where the filesystem lies on the disk, see `ShrunkPlace`. */
      place: z.object({ start: Bytes, length: Bytes, behind: Bytes, header: Bytes.optional() }),
      /** The group of LVM that its volume is of; null: it lies in none. */
      group: GroupExtents.nullable().default(null),
      /** Bytes of its blocks, where it tells them. */
      blockSize: Bytes.nullable(),
      /** Bytes that the disk is to have; null: as few as the filesystem allows, with slack. */
      disk: Bytes.nullable(),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      /** What its tool said. */
      minimum: Bytes,
      /** What the filesystem, its physical volume, the end of its partition and the disk are to be. */
      filesystem: Bytes,
      physical: Bytes.nullable().default(null),
      end: Bytes,
      disk: Bytes,
    }),
  ),
  words: ({ type, disk, ...place }) => ({
    title: 'Ask how small it can become',
    does: `Has the tool of ${type === 'filesystem' ? 'what was found' : type} say how small the filesystem on ${deviceOf(place)} can become, and ${disk === null ? 'keeps slack above that' : `ends the run when a disk of ${formatBytes(disk)} has no room for it`}; nothing is written.`,
  }),
  told: ({ minimum, filesystem }) =>
    `at least ${formatBytes(minimum)}; it becomes ${formatBytes(filesystem)}`,
  undo: () => [],
})
