import { existsSync } from 'node:fs'
import { volumeAddress, volumeDevice, type VolumeAddress } from '@varve/core/image/volume-address'
import { stagedVolume, type StagedVolume } from '@varve/operations/actions/volume-name'

/** The names of a volume that a run makes, and what the kernel has of them now. */
export function namesOf(input: StagedVolume) {
  const [staged, final] = [stagedVolume(input), input.volume]
  return {
    staged,
    final,
    stagedDevice: volumeDevice(staged),
    finalDevice: volumeDevice(final),
    isStaged: () => existsSync(volumeDevice(staged)),
    isFinal: () => existsSync(volumeDevice(final)),
  }
}

/** As ZFS has it. */
export function datasetOf({ group, volume }: VolumeAddress): string {
  return `${group}/${volume}`
}

export const aboutVolume = ({ volume }: { readonly volume: VolumeAddress }) => volumeAddress(volume)
