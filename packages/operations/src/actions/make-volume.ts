import { formatBytes } from '@varve/core/units/format-bytes'
import { volumeAddress } from '@varve/core/image/volume-address'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardVolume } from './discard-volume.ts'
import { StagingId } from './new-image.ts'
import { PoolName, StagedVolume } from './volume-name.ts'

/** No volume is smaller: its size is not known before the run. */
const sector = 512

/** Makes a volume under a name of its own; the name that it is to get is not touched. */
export const makeVolume = defineAction({
  name: 'make-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    StagedVolume.extend({
      /** Whole extents or blocks. */
      size: Bytes,
      /** LVM: the thin pool that its blocks come from; null: it is thick. */
      pool: PoolName.nullable().default(null),
      /** ZFS: nothing is kept back for it; and the size of its blocks. */
      sparse: z.boolean().default(false),
      blockSize: Bytes.nullable().default(null),
    }),
  ),
  outcome: z.lazy(() => z.object({ staging: StagingId, device: Path })),
  words: ({ volume, size, pool, sparse }) => ({
    title: pool === null && !sparse ? 'Make the volume' : 'Make the thin volume',
    does: `Makes a volume${size < sector ? '' : ` of ${formatBytes(size)}`} in ${pool === null ? volume.group : `the pool ${volume.group}/${pool}`}, under a name of its own until it becomes ${volumeAddress(volume)}.`,
  }),
  told: ({ device }) => device,
  undo: ({ volume, staging }) => [call(discardVolume, { volume, staging })],
})
