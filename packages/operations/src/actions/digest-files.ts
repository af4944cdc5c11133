import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { FilesystemPlace } from './filesystem-place.ts'
import { deviceOf } from './mount-filesystem.ts'

/** One digest over all files of a filesystem, which is mounted read-only where nobody else sees it; fails when another one was expected. */
export const digestFiles = defineAction({
  name: 'digest-files',
  layer: 'L7',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    FilesystemPlace.unwrap().extend({
      /** The contents of every file; else those of a sample that its name and size choose. */
      allContents: z.boolean(),
      /** The times of folders and the flags of files too; left out: they are not looked at. */
      isWhole: z.literal(true).optional(),
      /** Null: nothing is known yet. */
      expected: Digest.nullable(),
    }),
  ),
  outcome: z.lazy(() => z.object({ digest: Digest, files: z.number().int().min(0), readBytes: Bytes })),
  words: ({ type, expected, allContents, isWhole, ...place }) => ({
    title: expected === null ? 'Digest its files' : 'Prove that its files are the same',
    does: `Mounts the ${type} on ${deviceOf(place)} read-only where no other process sees it, and digests names, kinds, owners, rights, sizes, times${isWhole === true ? ' of folders too, flags' : ''}, links, extended attributes${allContents ? ' and contents' : ' of all files, and the contents of a sample'}${expected === null ? '' : '; they must be what they were'}.`,
  }),
  told: ({ files, readBytes, digest }) =>
    `${countOf(files, 'file')}, ${formatBytes(readBytes)} read: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
