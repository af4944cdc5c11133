import { filesystemName, volumeName } from '@varve/core/guest/guest-names'
import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { isWindowsFilesystem } from '../actions/windows-volume.ts'
import { blocking } from '../blocking.ts'
import { powershellWord } from '../plans/shown.ts'
import type { ResizeFacts } from './facts.ts'
import { filesystemProblems } from './problems.ts'
import type { ResizeTarget } from './targets.ts'
import { containerInstead } from './windows-work.ts'

type Way = 'grow' | 'shrink'

/** What is asked for that only Linux does. */
export function onLinuxOnly(
  { image }: Pick<ResizeFacts, 'image'>,
  way: Way,
  asked: readonly (readonly [option: string, isAsked: boolean])[],
): Problem[] {
  return asked
    .filter(([, isAsked]) => isAsked)
    .map(([option]) =>
      refuse(image.path, {
        id: 'not-on-windows',
        layer: 'L4',
        why: `${option} is done by tools of Linux`,
        remedy: `Leave it out, or do it on a Linux host: ${elsewhere(image.path, way)}`,
      }),
    )
}

/** Why Windows does not give what lies there another size, and what is to be known where it does. */
export function windowsTargetProblems(facts: ResizeFacts, target: ResizeTarget, way: Way): Problem[] {
  const file = facts.image.path
  const { partition, filesystem, volume } = target
  if (volume?.type === 'bitlocker')
    return [
      refuse(file, {
        id: 'volume-locked',
        layer: 'L5',
        why: 'it is encrypted by BitLocker, and Varve takes no key of it',
        remedy: `Decrypt it in the guest first (Disable-BitLocker; suspending is not enough), or ${way} it there (Resize-Partition); ${containerInstead}`,
      }),
    ]
  if (volume !== null)
    return [
      refuse(file, {
        id: 'not-on-windows',
        layer: 'L5',
        why: `${volumeName(volume.type)} is nothing that Windows gives another size in a disk of another machine`,
        remedy: `Do it on a Linux host (${elsewhere(file, way)}), or in the guest; ${containerInstead}`,
      }),
    ]
  if (partition === null)
    return [
      refuse(file, {
        id: 'not-on-windows',
        layer: 'L4',
        why: 'Windows gives partitions another size, and this disk has none',
        remedy: `Do it on a Linux host: ${elsewhere(file, way)}; ${containerInstead}`,
      }),
    ]
  if (partition.role === 'logical')
    return [
      refuse(file, {
        id: 'not-on-windows',
        layer: 'L4',
        why: `partition ${partition.index} lies in an extended one, whose end Windows leaves where it is`,
        remedy: `Do it on a Linux host: ${elsewhere(file, way)}; ${containerInstead}`,
      }),
    ]
  if (!isWindowsFilesystem(filesystem?.type))
    return [
      refuse(file, {
        id: 'not-on-windows',
        layer: 'L6',
        why: `partition ${partition.index} holds ${filesystem === null ? 'no filesystem that is known' : filesystemName(filesystem.type)}, and Windows gives NTFS and ReFS another size`,
        remedy: `Do it on a Linux host: ${elsewhere(file, way)}; ${containerInstead}`,
      }),
    ]
  const found = filesystemProblems(facts, target)
  return found.some(isBlocking) ? found : [...found, ...stateProblems(file, target), ...mounted(file, target)]
}

/** Of a ReFS, which the tools of Linux know nothing of. */
function stateProblems(file: string, { filesystem, partition }: ResizeTarget): Problem[] {
  if (filesystem?.type !== 'refs' || filesystem.sure === 'consistent' || filesystem.sure === 'signature')
    return []
  return [
    refuse(file, {
      id: 'filesystem-damaged',
      layer: 'L6',
      why: `the ReFS in partition ${partition?.index ?? 0} contradicts itself`,
      remedy: 'Start the guest, let it repair the volume, and shut it down cleanly.',
    }),
  ]
}

/** What Windows does to a disk by itself when it has it. */
function mounted(file: string, { filesystem }: ResizeTarget): Problem[] {
  const info: Problem = {
    id: 'windows-mounts-it',
    severity: 'info',
    layer: 'L6',
    file,
    message: `L6 ${quote(file)}: this Windows mounts the volumes of the copy that is worked on, and keeps its own notes in them, as it does in every disk`,
    remedy: 'Nothing is to be done: the original is kept as it was.',
  }
  if (filesystem?.type !== 'refs') return [info]
  return [
    info,
    {
      id: 'refs-becomes-newer',
      severity: 'warn',
      asks: true,
      layer: 'L6',
      file,
      message: `L6 ${quote(file)}: Windows upgrades a ReFS to its own version when it mounts it, and an older Windows in the guest cannot open it then`,
      remedy:
        'Go on when the guest is as new as this host; or grow it in the guest, with --partition none here.',
    },
  ]
}

const elsewhere = (file: string, way: Way) => `varve ${way} ${powershellWord(file)} … --host NAME`

function refuse(file: string, more: Parameters<typeof blocking>[1]): Problem {
  return blocking(file, more)
}
