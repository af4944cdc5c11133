import { existsSync } from 'node:fs'
import { DiskError } from '@varve/core/problems/disk-error'
import { mappedLuks } from '@varve/core/volumes/mapped-names'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { openCommand } from '../../tools/cryptsetup/commands.ts'
import { kernelAction, notThere, type KernelContext } from '../kernel-action.ts'
import { mappingNow } from '../mapping.ts'

type Input = ActionInput<'open-luks'>

export const openLuks = kernelAction('open-luks', {
  tool: 'cryptsetup',
  build: (input) =>
    openCommand({
      device: deviceOf(input),
      mapped: mappedLuks(input.attachment, input.partition),
      isReadOnly: input.isReadOnly,
    }),
  stdin(input, { ports }) {
    if (ports.secret) return ports.secret
    throw new DiskError('refused', {
      file: deviceOf(input),
      reason: 'its passphrase is kept nowhere, and is not known any more',
      remedy: 'Undo the run (varve runs ID --undo), and mount it again.',
      finding: 'no-key',
      layer: 'L5',
    })
  },
  about: deviceOf,
  before: async (input, context) => Promise.resolve(opened(input, context)),
  async after(input, context) {
    const found = opened(input, context)
    if (found === null && !existsSync(input.device)) throw notThere('cryptsetup', input.device)
    return Promise.resolve(found)
  },
  isFoundAgain: true,
})

function opened({ attachment, partition }: Input, context: KernelContext) {
  const mapped = mappedLuks(attachment, partition)
  const now = mappingNow({ attachment, mapped }, context)
  return now === null || now.size === 0 || !existsSync(mapped) ? null : { mapped }
}
