import { z } from 'zod'
import { defineAction } from './action.ts'
import { DevicePath } from './attached-device.ts'
import { StagingId } from './new-image.ts'

/** Has udev leave a device alone, so that nothing of the guest is taken for something of this host. */
export const hideFromUdev = defineAction({
  name: 'hide-from-udev',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => z.object({ attachment: StagingId, device: DevicePath })),
  outcome: z.lazy(() => z.object({ attachment: StagingId })),
  words: ({ device }) => ({
    title: 'Hide it from udev',
    does: `Has udev read the rule that ${device} is no disk of this host: its volume groups and arrays are not activated, its names get no links. The rule was written when the device was chosen, and goes with it.`,
  }),
  told: () => 'hidden',
  // What forgets the attachment takes the rule away.
  undo: () => [],
})
