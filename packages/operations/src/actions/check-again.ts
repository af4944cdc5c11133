import { countOf } from '@varve/core/units/format-bytes'
import { GuestChoices } from '@varve/protocol/jobs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Gathers the facts of a plan afresh and plans again: what nobody has accepted ends the run before anything is done. */
export const checkAgain = defineAction({
  name: 'check-again',
  layer: 'all',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** The name of the image, for people. */
      image: z.string(),
      rules: z.number().int().min(0),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      accepted: z.number().int().min(0),
      rules: z.number().int().min(0),
      /** What the new image is to say of its guest's machine. */
      choices: GuestChoices,
    }),
  ),
  words: ({ image, rules }) => ({
    title: 'Check both hosts and the image',
    does: `Inspects ${image} afresh and checks ${rules} rules again; changes nothing.`,
  }),
  told: ({ accepted, rules }) =>
    accepted === 0 ? `${rules} checks` : `${rules} checks, ${countOf(accepted, 'warning')} accepted`,
  undo: () => [],
})
