import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ActionContext } from '@varve/agent/actions/adapter'
import { volumeAddress, volumeDevice, type VolumeAddress } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ReplacedVolume } from '@varve/operations/actions/replaced-volume'
import { stagedVolume } from '@varve/operations/actions/volume-name'
import { volumeUuid } from '../tools/lvs/volume-uuid.ts'
import { notThere } from './kernel-action.ts'
import { renameVolume } from './rename-volume.ts'
import { aboutVolume } from './volume-names.ts'

/** The three names of a volume that takes the place of another one, and which of them the kernel has now. */
export function namesOfSwap(input: ReplacedVolume) {
  const staged = stagedVolume(input)
  const { volume: final, kept } = input
  const isThere = (volume: VolumeAddress) => existsSync(volumeDevice(volume))
  return {
    staged,
    final,
    kept,
    there: () => ({ staged: isThere(staged), final: isThere(final), kept: isThere(kept) }),
  }
}

const waitMs = 10_000
const pauseMs = 20

/** Renames a volume and waits for the kernel to show it; throws `tool-failed` when it does not. */
export async function renameNow(
  from: VolumeAddress,
  to: VolumeAddress,
  { ports, signal }: Pick<ActionContext, 'ports' | 'signal'>,
): Promise<void> {
  const command = renameVolume(from, to)
  const file = volumeAddress(from)
  await ports.tools.run(command, { signal, file })
  const end = performance.now() + waitMs
  while (existsSync(volumeDevice(from)) || !existsSync(volumeDevice(to))) {
    // LVM comes back once the kernel and udev have it; ZFS does not wait for udev.
    if (from.kind === 'lvm' || performance.now() > end) throw notThere(command.tool, file)
    await sleep(pauseMs)
  }
}

/** Whether the volume that has the name is the one that was looked at; ZFS, which knows no other of that name, is not asked. */
export async function isOriginal(
  input: ReplacedVolume,
  { ports, signal }: Pick<ActionContext, 'ports' | 'signal'>,
): Promise<boolean> {
  const { volume, uuid } = input
  if (uuid === null) return volume.kind === 'zfs'
  const command = volumeUuid(volume.group, volume.volume)
  return (await ports.tools.run(command, { signal, file: aboutVolume(input) })) === uuid
}

/** That the names are not those that a run has left. */
export function otherNames(input: ReplacedVolume, reason: string): DiskError {
  return new DiskError('refused', {
    file: aboutVolume(input),
    reason,
    remedy: `See what there is (varve places): the original is ${volumeAddress(input.kept)} where it has lost its name, and what was made ${volumeAddress(stagedVolume(input))}.`,
    layer: 'L1',
  })
}
