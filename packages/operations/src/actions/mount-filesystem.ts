import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { DevicePath, MappedDevice, PartitionNumber } from './attached-device.ts'
import { StagingId } from './new-image.ts'
import { unmountFolder } from './unmount-folder.ts'

/** Mounts a filesystem of a device. */
export const mountFilesystem = defineAction({
  name: 'mount-filesystem',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      attachment: StagingId,
      device: DevicePath,
      /** Null: the filesystem is the whole disk. */
      partition: PartitionNumber.nullable(),
      /** The mapping over the device that holds it; null: it lies on the device itself. */
      mapped: MappedDevice.nullable().default(null),
      /** Absolute. */
      folder: Path,
      /** As mount(8) calls it. */
      type: z.string().regex(/^[a-z0-9-]{1,20}$/u),
      options: z.array(z.string().regex(/^[a-z0-9_]+(?:=[a-z0-9]+)?$/u)),
    }),
  ),
  outcome: z.lazy(() => z.object({ device: z.string(), folder: Path })),
  words: ({ device, partition, mapped, folder, type, options }) => ({
    title: 'Mount it',
    does: `Mounts the ${type} of ${deviceOf({ device, partition, mapped })} at ${folder} (${options.join(', ')}).`,
  }),
  told: ({ folder }) => folder,
  undo: ({ attachment, device, folder }) => [call(unmountFolder, { attachment, device, folder })],
})

/** The device of a mapping or a partition, as the kernel names it. */
export function deviceOf({
  device,
  partition,
  mapped = null,
}: {
  readonly device: string
  readonly partition: number | null
  readonly mapped?: string | null
}): string {
  if (mapped !== null) return mapped
  return partition === null ? device : `${device}p${partition}`
}
