import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { AttachedDevice, DevicePath, SectorSize } from './attached-device.ts'
import { detachByQemu, detachNbd } from './detach-loop.ts'
import { baseName } from './path-words.ts'

/** Makes what is served at a socket a block device. */
export const attachNbd = defineAction({
  name: 'attach-nbd',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    AttachedDevice.extend({
      /** Absolute. */
      socket: Path,
      isReadOnly: z.boolean(),
      sectorSize: SectorSize,
    }),
  ),
  outcome: z.lazy(() => z.object({ device: DevicePath })),
  words: ({ image, device, isReadOnly }) => ({
    title: 'Attach it',
    does: `Connects ${device} with what serves ${baseName(image)}${isReadOnly ? ', read-only: the kernel refuses every write' : ''}.`,
  }),
  told: ({ device }) => device,
  undo: ({ attachment, image, device }) => [call(detachNbd, { attachment, image, device })],
})

/** The same where there is no nbd-client; or an image in qcow2 itself, for writing. */
export const attachByQemu = defineAction({
  name: 'attach-by-qemu',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    AttachedDevice.extend({
      /** Absolute; null: qemu-nbd opens the image itself, and writes to it. */
      socket: Path.nullable(),
      /** In which qemu-nbd notes its process. */
      processFile: Path,
      isReadOnly: z.boolean(),
    }),
  ),
  outcome: z.lazy(() => z.object({ device: DevicePath })),
  words: ({ image, device, socket, isReadOnly }) => ({
    title: 'Attach it',
    does:
      socket === null
        ? `Puts ${baseName(image)} behind ${device} by qemu-nbd, for writing.`
        : `Connects ${device} with what serves ${baseName(image)} by qemu-nbd${isReadOnly ? ', read-only' : ''}.`,
  }),
  told: ({ device }) => device,
  undo: ({ attachment, image, device }) => [call(detachByQemu, { attachment, image, device })],
})
