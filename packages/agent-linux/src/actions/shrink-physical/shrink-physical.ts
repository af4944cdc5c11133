import { physicalOf } from '@varve/operations/actions/physical-place'
import { shrinkPhysical as shrinkCommand } from '../../tools/lvm/resize-commands.ts'
import { toolSteps } from '../tool-steps.ts'

/** Once more after a death LVM gives it the same size again. */
export const shrinkPhysical = toolSteps('shrink-physical', {
  build: (input) => [shrinkCommand(physicalOf(input), input.size)],
  about: ({ image }) => image,
  worksOn: (input) => ({ device: physicalOf(input) }),
  outcome: ({ size }) => ({ size }),
})
