import { defineAction } from './action.ts'
import { AttachedDevice, ShownDevice } from './attached-device.ts'

/** Has the kernel read the partition table of a device, and tells what it shows; a damaged table gives no partitions. */
export const readPartitions = defineAction({
  name: 'read-partitions',
  layer: 'L4',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: AttachedDevice,
  outcome: ShownDevice,
  words: ({ device }) => ({
    title: 'Read its partitions',
    does: `Has the kernel read the partition table of ${device}, and makes a device of each partition; nothing is written.`,
  }),
  told: ({ device, partitions }) =>
    partitions.length === 0 ? `${device}, no partitions` : partitions.map((one) => one.device).join(', '),
  undo: () => [],
})
