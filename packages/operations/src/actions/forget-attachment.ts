import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagingId } from './new-image.ts'

/** Takes away the note of an attachment whose device is free; done already, it succeeds. */
export const forgetAttachment = defineAction({
  name: 'forget-attachment',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => z.object({ attachment: StagingId })),
  outcome: z.lazy(() => z.object({ attachment: StagingId })),
  words: () => ({ title: 'Forget the device', does: 'Takes away what was noted of the device.' }),
  told: () => 'forgotten',
  undo: () => [],
})
