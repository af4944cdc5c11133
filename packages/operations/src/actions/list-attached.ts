import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { AttachedBy, PartitionDevice } from './attached-device.ts'
import { VhdBy } from './attached-vhd.ts'
import { DiskImageBy } from './mac-disk.ts'

/** An attachment as it is now. */
export const AttachedView = z.lazy(() =>
  z.object({
    attachment: z.string(),
    image: Path,
    device: z.string(),
    how: z.enum([...AttachedBy.options, ...VhdBy.options, ...DiskImageBy.options]),
    /** `half-made`: who was at it died; `dead-server`: nobody answers for the device; `gone`: somebody else took it away. */
    state: z.enum(['live', 'half-made', 'dead-server', 'gone']),
    readOnly: z.boolean(),
    throwAway: z.boolean(),
    /** The process that answers for the device; null: the kernel does, or nobody. */
    pid: z.number().int().nullable(),
    size: Bytes,
    partitions: z.array(PartitionDevice),
    /** Mappings over it that Varve has made, those that lie over others first; of macOS volumes of its APFS containers. */
    volumes: z.array(z.object({ device: z.string(), kind: z.enum(['lvm', 'luks', 'apfs']), size: Bytes })),
    mounts: z.array(z.object({ device: z.string(), folder: Path })),
    madeAt: z.string(),
  }),
)

/** Compares what was noted as attached with what the kernel has. */
export const listAttached = defineAction({
  name: 'list-attached',
  layer: 'all',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({})),
  outcome: z.lazy(() => z.object({ attached: z.array(AttachedView) })),
  words: () => ({
    title: 'Look what is attached',
    does: 'Compares what was noted as attached with what the kernel has, and changes nothing.',
  }),
  told: ({ attached }) => `${attached.length} attached`,
  undo: () => [],
})
