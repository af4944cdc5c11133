import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { AttachedDevice, DevicePath, SectorSize } from './attached-device.ts'
import { detachLoop } from './detach-loop.ts'
import { baseName } from './path-words.ts'

/** Makes a raw image a loop device. */
export const attachLoop = defineAction({
  name: 'attach-loop',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => AttachedDevice.extend({ isReadOnly: z.boolean(), sectorSize: SectorSize })),
  outcome: z.lazy(() => z.object({ device: DevicePath })),
  words: ({ image, device, isReadOnly }) => ({
    title: 'Attach it',
    does: `Puts ${baseName(image)} behind ${device}${isReadOnly ? ', read-only: the kernel refuses every write' : ', for writing'}.`,
  }),
  told: ({ device }) => device,
  undo: ({ attachment, image, device }) => [call(detachLoop, { attachment, image, device })],
})
