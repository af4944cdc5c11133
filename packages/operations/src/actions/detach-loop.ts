import { z } from 'zod'
import { defineAction } from './action.ts'
import { AttachedDevice, DevicePath } from './attached-device.ts'

const words = ({ device }: z.output<typeof AttachedDevice>) => ({
  title: 'Detach it',
  does: `Takes ${device} away, if it is still that image's; nobody else's device is touched.`,
})

/** Takes a loop device away, if the image is behind it; done already, it succeeds. */
export const detachLoop = defineAction({
  name: 'detach-loop',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: AttachedDevice,
  outcome: z.lazy(() => z.object({ device: DevicePath })),
  words,
  told: ({ device }) => `${device} is free`,
  undo: () => [],
})

/** The same for an nbd device that nbd-client holds. */
export const detachNbd = defineAction({ ...detachLoop, name: 'detach-nbd' })

/** The same for one that qemu-nbd holds. */
export const detachByQemu = defineAction({ ...detachLoop, name: 'detach-by-qemu' })
