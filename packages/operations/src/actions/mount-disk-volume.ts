import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { PartitionNumber } from './attached-device.ts'
import { MacDevice, MacDisk, MacImage } from './mac-disk.ts'
import { unmountDiskVolume } from './unmount-disk-volume.ts'

/** Mounts a filesystem of a disk that macOS has made of an image. */
export const mountDiskVolume = defineAction({
  name: 'mount-disk-volume',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  isOfMachine: true,
  input: z.lazy(() =>
    MacImage.unwrap().extend({
      device: MacDisk,
      /** Null: the filesystem is the whole disk. */
      partition: PartitionNumber.nullable(),
      isApfs: z.boolean(),
      /** Absolute. */
      folder: Path,
      isReadOnly: z.boolean(),
    }),
  ),
  outcome: z.lazy(() => z.object({ device: MacDevice, folder: Path })),
  words: ({ device, partition, isApfs, folder, isReadOnly }) => ({
    title: 'Mount it',
    does: `Mounts ${isApfs ? 'the volume of the APFS container on ' : ''}${device}${partition === null ? '' : `s${partition}`} at ${folder}${isReadOnly ? ', read-only' : ', for writing'}.`,
  }),
  told: ({ device, folder }) => `${device} at ${folder}`,
  undo: ({ attachment, image, folder }) => [call(unmountDiskVolume, { attachment, image, folder })],
})
