import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { OpenedDevice, PartitionNumber } from './attached-device.ts'
import { MadeAs } from './filesystem-place.ts'
import { deviceOf } from './mount-filesystem.ts'

const Place = z.object({
  device: OpenedDevice,
  /** Null: the filesystem is the whole device. */
  partition: PartitionNumber.nullable(),
})

/** Copies all files of one filesystem into another one, with all that is known of them; both are mounted where nobody else sees them. */
export const copyGuestFiles = defineAction({
  name: 'copy-guest-files',
  layer: 'L7',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The image that people know: what messages are about. */
      image: Path,
      type: MadeAs,
      /** Mounted read-only, without a replay of its journal. */
      from: Place,
      to: Place,
    }),
  ),
  outcome: z.lazy(() => z.object({ device: z.string() })),
  words: ({ type, from, to }) => ({
    title: 'Copy its files',
    does: `Copies all files of the old ${type} (${deviceOf(from)}), which is only read, into the new one (${deviceOf(to)}), with owners, rights, times, ACLs, extended attributes, hard links, holes and devices. Both are mounted where no other process sees them.`,
  }),
  told: ({ device }) => device,
  undo: () => [],
})
