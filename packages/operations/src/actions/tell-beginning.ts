import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber } from './attached-device.ts'
import { defineAction } from './action.ts'

/** Has the boot sectors of an NTFS or a FAT say where its partition begins now. */
export const tellBeginning = defineAction({
  name: 'tell-beginning',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The work image. Absolute. */
      work: Path,
      partition: PartitionNumber,
      /** Byte of the disk at which it began. */
      from: Bytes,
      length: Bytes,
      to: Bytes,
      sectorSize: Bytes,
      /** What people call the image. */
      name: Path,
    }),
  ),
  outcome: z.lazy(() => z.object({ sectors: z.int().min(0) })),
  words: ({ partition, to }) => ({
    title: `Tell the filesystem of partition ${partition} where it begins`,
    does: `Has the boot sector of partition ${partition}, and its copy, say that the partition begins at ${formatBytes(to)}; a boot sector that said another place before is left as it is.`,
  }),
  told: ({ sectors }) => (sectors === 0 ? 'it does not say where it begins' : `${sectors} boot sectors`),
  undo: () => [],
})
