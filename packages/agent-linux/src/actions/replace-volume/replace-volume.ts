import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { volumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { commandLine, nativeAction } from '@varve/operations/plans/shown'
import { promoteCommand } from '../../tools/zfs/volumes.ts'
import { assertOwnHost } from '../kernel-action.ts'
import { renameVolume } from '../rename-volume.ts'
import { isOriginal, namesOfSwap, otherNames, renameNow } from '../swap-volumes.ts'
import { aboutVolume, datasetOf } from '../volume-names.ts'

/** LVM and ZFS have no exchange of names: for the moment between both nobody has it, and a run that goes on or is undone gives it back. */
export const replaceVolume: AdapterOf<'replace-volume'> = {
  tools: [],
  command(input) {
    const { staged, final, kept } = namesOfSwap(input)
    const commands = [
      renameVolume(final, kept),
      renameVolume(staged, final),
      ...(final.kind === 'zfs' ? [promoteCommand(datasetOf(final))] : []),
    ]
    const shown = commands.map(({ tool, args }) => commandLine({ argv: [tool, ...args] }))
    return nativeAction('replace-volume', input, shown.join(', then '))
  },

  async run(input, context) {
    assertOwnHost(context, aboutVolume(input))
    const { staged, final, kept, there } = namesOfSwap(input)
    if (there().final && there().staged) await setAside(input, context)
    if (there().kept && there().staged && !there().final) await renameNow(staged, final, context)
    const { final: isNamed, kept: isKept, staged: isLeft } = there()
    if (!isNamed || !isKept || isLeft)
      throw otherNames(input, 'the volumes that it was about are not there under their names')
    if (final.kind === 'zfs')
      await context.ports.tools.run(promoteCommand(datasetOf(final)), {
        signal: context.signal,
        file: aboutVolume(input),
      })
    return { path: volumeAddress(final), device: volumeDevice(final), kept: volumeAddress(kept) }
  },
}

async function setAside(input: ActionInput<'replace-volume'>, context: ActionContext): Promise<void> {
  const { final, kept, there } = namesOfSwap(input)
  if (there().kept) throw otherNames(input, `there is a volume ${volumeAddress(kept)} already`)
  await assertNotUsed([volumeDevice(final)], context.ports)
  if (!(await isOriginal(input, context))) throw otherNames(input, 'another volume has its name by now')
  await renameNow(final, kept, context)
}
