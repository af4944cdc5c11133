import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { windowsNames, WindowsFilesystem, WorkVolume } from './windows-volume.ts'

/** One digest over all files of a volume of Windows, which is read by its own name; fails when another one was expected. */
export const digestVolume = defineAction({
  name: 'digest-volume',
  layer: 'L7',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    WorkVolume.unwrap().extend({
      type: WindowsFilesystem,
      /** The contents of every file; else those of a sample that its name and size choose. */
      allContents: z.boolean(),
      /** Null: nothing is known yet. */
      expected: Digest.nullable(),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      digest: Digest,
      files: z.number().int().min(0),
      readBytes: Bytes,
      /** Files and folders that their access lists keep from this account: their names are digested alone. */
      denied: z.number().int().min(0),
    }),
  ),
  words: ({ type, partition, expected, allContents }) => ({
    title: expected === null ? 'Digest its files' : 'Prove that its files are the same',
    does: `Reads the ${windowsNames[type]} in partition ${partition} by its volume's own name, and digests names, kinds, sizes, times, targets of links${allContents ? ' and contents' : ' of all files, and the contents of a sample'}${expected === null ? '' : '; they must be what they were'}. What Windows keeps for itself (System Volume Information) is left out.`,
  }),
  told: ({ files, readBytes, denied, digest }) =>
    `${countOf(files, 'file')}, ${formatBytes(readBytes)} read${denied === 0 ? '' : `, ${denied} denied to this account`}: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
