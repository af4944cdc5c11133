import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { volumeAddress } from '@varve/core/image/volume-address'
import { NbdEndpoint, PullResult } from '@varve/protocol/jobs'
import { formatSeconds } from '@varve/protocol/migration-words'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { PoolName, StagedVolume } from './volume-name.ts'

/** Reads an export and writes its disk into a new volume, which has no name yet. It begins at the start each time. */
export const pullVolume = defineAction({
  name: 'pull-volume',
  layer: 'L1',
  lane: 'transfer',
  attempts: 5,
  isFinal: false,
  input: z.lazy(() =>
    StagedVolume.extend({
      endpoint: NbdEndpoint,
      /** Bytes of the source disk, as its own agent says: a server that says otherwise is refused. */
      virtualSize: Bytes.optional(),
      /** The thin pool of LVM that is watched meanwhile; null: its room is its own. */
      pool: PoolName.nullable().default(null),
      /** Whether it reads as zeros where nothing was written. */
      isBlank: z.boolean(),
    }),
  ),
  outcome: z.lazy(() => PullResult.unwrap().omit({ kind: true })),
  words: ({ volume }) => ({
    title: 'Pull and write the disk',
    does: `Reads the disk over NBD and writes it into what is to become ${volumeAddress(volume)}; digests it on the way. Zeros are not sent.`,
  }),
  told({ transferredBytes, seconds }) {
    const rate = seconds > 0 ? ` at ${formatRate(transferredBytes / seconds)}` : ''
    return `${formatBytes(transferredBytes)} copied in ${formatSeconds(seconds)}${rate}`
  },
  undo: () => [],
})
