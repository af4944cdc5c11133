import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { volumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { commandLine, nativeAction } from '@varve/operations/plans/shown'
import { promoteCommand } from '../../tools/zfs/volumes.ts'
import { assertOwnHost } from '../kernel-action.ts'
import { renameVolume } from '../rename-volume.ts'
import { assertStillHolds, changedSince } from '../still-holds.ts'
import { isOriginal, namesOfSwap, otherNames, renameNow } from '../swap-volumes.ts'
import { aboutVolume, datasetOf } from '../volume-names.ts'

type Input = ActionInput<'restore-volume'>

export const restoreVolume: AdapterOf<'restore-volume'> = {
  tools: [],
  command(input) {
    const { staged, final, kept } = namesOfSwap(input)
    const commands = [
      ...(final.kind === 'zfs' ? [promoteCommand(datasetOf(kept))] : []),
      renameVolume(final, staged),
      renameVolume(kept, final),
    ]
    const shown = commands.map(({ tool, args }) => commandLine({ argv: [tool, ...args] }))
    return nativeAction('restore-volume', input, shown.join(', then '))
  },

  async run(input, context) {
    assertOwnHost(context, aboutVolume(input))
    const { staged, final, kept, there } = namesOfSwap(input)
    const names = there()
    if (!names.kept) return await withoutKept(input, context)
    if (names.final && names.staged)
      throw otherNames(input, 'volumes have all three names: whose they are nobody could tell')
    if (names.final) {
      await assertNotUsed([volumeDevice(final)], context.ports)
      await assertUnchanged(input, context)
    }
    if (final.kind === 'zfs')
      await context.ports.tools.run(promoteCommand(datasetOf(kept)), {
        signal: context.signal,
        file: volumeAddress(kept),
      })
    if (names.final) await renameNow(final, staged, context)
    await renameNow(kept, final, context)
    return {}
  },
}

/** The original has its name, or is there no more. */
async function withoutKept(input: Input, context: ActionContext): Promise<Record<string, never>> {
  const { final, kept, there } = namesOfSwap(input)
  const names = there()
  if (names.final && (names.staged || (final.kind === 'lvm' && (await isOriginal(input, context))))) return {}
  throw new DiskError('refused', {
    file: volumeAddress(final),
    reason: `the original, which was kept as ${volumeAddress(kept)}, is not there any more`,
    remedy: 'There is nothing to go back to: what has the name stays.',
    layer: 'L1',
  })
}

async function assertUnchanged(input: Input, { signal }: ActionContext): Promise<void> {
  const { volume, holds, virtualSize, copyOf } = input
  if (holds !== null) return await assertStillHolds({ volume, virtualSize, holds }, signal)
  if (copyOf === null) throw changedSince(volume)
  const origin = { kind: 'image', path: volumeDevice(copyOf), roots: null, format: 'raw' } as const
  const { digest } = await digestDisk(origin, { signal, inUse: 'accept' })
  await assertStillHolds({ volume, virtualSize, holds: digest }, signal)
}
