import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { DevicePath, MappedDevice, PartitionNumber, VolumeName } from './attached-device.ts'
import { deviceOf } from './mount-filesystem.ts'

/** A logical volume of an attached work image, and the physical one that holds its group. */
export const PhysicalPlace = z.lazy(() =>
  z.object({
    /** The image that people know: what messages are about. */
    image: Path,
    device: DevicePath,
    /** That is the physical volume; null: the whole device is. */
    partition: PartitionNumber.nullable(),
    /** The mapping that is the physical volume instead. */
    over: MappedDevice.nullable().default(null),
    volume: VolumeName,
  }),
)
export type PhysicalPlace = z.infer<typeof PhysicalPlace>

/** The device that is the physical volume. */
export function physicalOf({ over, ...place }: Pick<PhysicalPlace, 'over' | 'device' | 'partition'>): string {
  return over ?? deviceOf(place)
}
