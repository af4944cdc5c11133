import { closeCommand } from '../../tools/cryptsetup/commands.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'
import { stillMapped, unlessMapped, whenUnmapped } from '../mapping.ts'

export const closeLuks = kernelAction('close-luks', {
  tool: 'cryptsetup',
  build: ({ mapped }) => closeCommand(mapped),
  about: ({ mapped }) => mapped,
  isOfLibraries: isInLibraries,
  otherwise: ({ mapped }) => ({ mapped }),
  before: unlessMapped('cryptsetup'),
  after: whenUnmapped,
  failure: stillMapped,
})
