import { formatBytes } from '@varve/core/units/format-bytes'
import { volumeAddress } from '@varve/core/image/volume-address'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { PoolName, StagedVolume } from './volume-name.ts'

/** Has a volume that a run made give back the blocks in which there is nothing but zeros and what its filesystems call free. */
export const discardFree = defineAction({
  name: 'discard-free',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    StagedVolume.extend({
      /** Bytes of the blocks that are given back as a whole. */
      unit: Bytes.min(512),
      /** Free blocks of filesystems are left as they are. */
      zerosOnly: z.boolean().default(false),
      /** The thin pool of LVM that is watched meanwhile; null: it is of ZFS. */
      pool: PoolName.nullable().default(null),
    }),
  ),
  outcome: z.lazy(() => z.object({ free: Bytes, zeros: Bytes })),
  words: ({ volume, unit, zerosOnly }) => ({
    title: 'Give its free blocks back',
    does: `Reads the copy of ${volumeAddress(volume)} and discards in it each block of ${formatBytes(unit)} in which there is nothing but zeros${zerosOnly ? '' : ' and what its filesystems call free'}; the original keeps them.`,
  }),
  told: ({ free, zeros }) =>
    `nothing is needed of ${formatBytes(free)} of free blocks and ${formatBytes(zeros)} of zeros`,
  undo: () => [],
})
