import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { FilesystemPlace } from './filesystem-place.ts'
import { Recipe } from './filesystem-recipe.ts'
import { GroupExtents } from './find-extents.ts'
import { deviceOf } from './mount-filesystem.ts'

/** Reads how a filesystem was made that is seen only now, and derives the sizes of another one for its files and of all around it. */
export const measureFiles = defineAction({
  name: 'measure-files',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    FilesystemPlace.unwrap().extend({
      /** Where the filesystem lies on the disk, see `ShrunkPlace`. */
      place: z.object({ start: Bytes, length: Bytes, behind: Bytes, header: Bytes.optional() }),
      /** The group of LVM that its volume is of; null: it lies in none. */
      group: GroupExtents.nullable(),
      /** Bytes that the disk is to have; null: as few as the files allow, with slack. */
      disk: Bytes.nullable(),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      uuid: z.string(),
      recipe: Recipe,
      /** The version of mkfs.xfs; null: not known, or not needed. */
      version: z.tuple([z.number().int().min(0), z.number().int().min(0)]).nullable(),
      /** Bytes of the old one. */
      before: Bytes,
      /** What the new filesystem, its physical volume, the end of its partition and the disk are to be. */
      filesystem: Bytes,
      physical: Bytes.nullable(),
      end: Bytes,
      disk: Bytes,
    }),
  ),
  words: ({ disk, ...place }) => ({
    title: 'Read how it was made',
    does: `Reads the superblock of the filesystem on ${deviceOf(place)}: what it takes to make another one like it, and ${disk === null ? 'how small that can be, with slack' : `whether a disk of ${formatBytes(disk)} has room for its files`}. What no tool makes ends the run; nothing is written.`,
  }),
  told: ({ before, filesystem }) => `${formatBytes(before)}; the new one gets ${formatBytes(filesystem)}`,
  undo: () => [],
})
