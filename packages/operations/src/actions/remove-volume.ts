import { volumeAddress } from '@varve/core/image/volume-address'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { VolumeName } from './volume-name.ts'

/** Removes a volume for good. */
export const removeVolume = defineAction({
  name: 'remove-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    z.object({
      volume: VolumeName,
      /** LVM: what it was looked at as: another of its name is left alone. */
      uuid: z
        .string()
        .regex(/^[A-Za-z0-9-]{32,40}$/u)
        .nullable(),
    }),
  ),
  outcome: z.lazy(() => z.object({})),
  words: ({ volume }) => ({
    title: 'Remove the volume',
    does: `Removes ${volumeAddress(volume)} with all that it holds, unless somebody uses it by then.`,
  }),
  told: () => 'gone',
  undo: () => [],
})
