import { volumeAddress } from '@varve/core/image/volume-address'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardVolume } from './discard-volume.ts'
import { StagingId } from './new-image.ts'
import { StagedVolume, VolumeName } from './volume-name.ts'
import { isSnapshotName, snapshotAddress } from './volume-snapshot.ts'

/** Makes a volume that shares all blocks with another one, under a name of its own: a thin snapshot of LVM, a clone of ZFS. */
export const copyVolume = defineAction({
  name: 'copy-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    StagedVolume.extend({
      /** The volume, or of ZFS the snapshot of it, that it is a copy of. */
      origin: z
        .object({ volume: VolumeName, snapshot: z.string().nullable() })
        .refine(
          ({ volume: { kind }, snapshot }) =>
            kind === 'lvm' ? snapshot === null : snapshot !== null && isSnapshotName(kind, snapshot),
          'it is nothing that a volume can be copied of',
        ),
    }),
  ),
  outcome: z.lazy(() => z.object({ staging: StagingId, device: Path, size: Bytes })),
  words: ({ volume, origin }) => ({
    title: 'Copy it by reference',
    does: `Makes a volume that shares all blocks with ${originAddress(origin)} and can be written to, under a name of its own until it becomes ${volumeAddress(volume)}; nothing is copied.`,
  }),
  told: ({ device }) => device,
  undo: ({ volume, staging }) => [call(discardVolume, { volume, staging })],
})

function originAddress({
  volume,
  snapshot,
}: {
  readonly volume: VolumeName
  readonly snapshot: string | null
}): string {
  return snapshot === null ? volumeAddress(volume) : snapshotAddress({ volume, name: snapshot })
}
