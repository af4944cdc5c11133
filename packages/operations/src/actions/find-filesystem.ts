import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { MappedDevice, MappedPiece, VolumeName } from './attached-device.ts'
import { defineAction } from './action.ts'
import { StagingId } from './new-image.ts'

/** Looks what is inside a volume that could not be looked into before it was opened. */
export const findFilesystem = defineAction({
  name: 'find-filesystem',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      attachment: StagingId,
      mapped: MappedDevice,
      /** The logical volume inside it that is meant; null: the filesystem begins where it does. */
      volume: VolumeName.nullable(),
      isWritten: z.boolean(),
      isThrowAway: z.boolean(),
      /** It is to get another size: what Varve gives none ends the run. */
      isResized: z.boolean().default(false),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      /** As mount(8) calls it. */
      type: z.string(),
      options: z.array(z.string()),
      /** As the scan of guests calls it. */
      kind: z.string().nullable().default(null),
      /** Bytes of its blocks, where it tells them. */
      blockSize: Bytes.nullable().default(null),
      /** Where the logical volume lies inside. */
      pieces: z.array(MappedPiece),
    }),
  ),
  words: ({ mapped, volume }) => ({
    title: 'Look inside',
    does: `Reads which filesystem ${volume === null ? mapped : `the logical volume ${volume.group}/${volume.name} of ${mapped}`} holds, and how it is mounted without a change of it.`,
  }),
  told: ({ type }) => type,
  undo: () => [],
})
