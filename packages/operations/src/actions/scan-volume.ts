import { z } from 'zod'
import { defineAction } from './action.ts'
import { windowsNames, WindowsFilesystem, WorkVolume } from './windows-volume.ts'

/** Has Windows scan a volume for damage; fails when any is found. */
export const scanVolume = defineAction({
  name: 'scan-volume',
  layer: 'L6',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    WorkVolume.unwrap().extend({ type: WindowsFilesystem, when: z.enum(['before', 'after']) }),
  ),
  outcome: z.lazy(() => z.object({})),
  words: ({ type, when, partition }) => ({
    title:
      when === 'before' ? `Check the ${windowsNames[type]} first` : `Check the ${windowsNames[type]} again`,
    does: `Has Windows scan the ${windowsNames[type]} in partition ${partition} of the work VHDX; a damaged one ends the run.`,
  }),
  told: () => 'nothing is wrong',
  undo: () => [],
})
