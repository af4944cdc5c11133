import { formatBytes } from '@varve/core/units/format-bytes'
import { volumeAddress } from '@varve/core/image/volume-address'
import { MeasureResult, NbdEndpoint } from '@varve/protocol/jobs'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { PoolName, VolumeName } from './volume-name.ts'

/** Reads the block status of an export, and finds the size and the room of the volume that is to hold its disk. */
export const measureVolume = defineAction({
  name: 'measure-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      endpoint: NbdEndpoint,
      /** Bytes of the source disk, as its own agent says: a server that says otherwise is refused. */
      virtualSize: Bytes.optional(),
      volume: VolumeName,
      /** LVM: the thin pool that it is made in; null: it is thick. */
      pool: PoolName.nullable().default(null),
      /** ZFS: nothing is kept back for it. */
      sparse: z.boolean().default(false),
    }),
  ),
  outcome: z.lazy(() =>
    MeasureResult.unwrap().omit({ kind: true }).extend({
      /** Of the volume: whole extents or blocks. */
      size: Bytes,
      /** Whether it reads as zeros where nothing was written. */
      isBlank: z.boolean(),
      blockSize: Bytes.nullable(),
    }),
  ),
  words: ({ volume, pool, sparse }) => ({
    title: 'Measure and check the room',
    does: `Reads the block status of the export and looks whether ${volume.group} has room for ${volumeAddress(volume)}${pool === null && !sparse ? '' : ', thin'}, and whether the name is free.`,
  }),
  told: ({ dataBytes, size }) => `${formatBytes(dataBytes)} of data; the volume gets ${formatBytes(size)}`,
  undo: () => [],
})
