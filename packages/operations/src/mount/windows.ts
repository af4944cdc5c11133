import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { attachVhd } from '../actions/attach-vhd.ts'
import { mountPartition } from '../actions/mount-partition.ts'
import { isDriveLetter } from '../actions/partition-mount.ts'
import { baseName } from '../actions/path-words.ts'
import type { WindowsWays } from '../attach/facts.ts'
import { alreadyProblems, refusing, writtenProblems } from '../attach/problems.ts'
import { formatProblems, windowsProblems } from '../attach/windows.ts'
import { blocking } from '../blocking.ts'
import { inOrder, quick, step, wholeEstimate, type Plan, type Refusal } from '../plans/plan.ts'
import { powershellWord } from '../plans/shown.ts'
import { freshId, from } from '../plans/wired.ts'
import type { MountFacts } from './facts.ts'
import { choose, folderProblems, noneChosen, type Candidate } from './problems.ts'
import type { MountRequest } from './request.ts'

/** By the names that the scan of guests gives. */
const mountable = new Set(['ntfs', 'refs', 'fat12', 'fat16', 'fat32', 'exfat'])

const isMountable = (type: string) => mountable.has(type)

/** Attaches a VHD or VHDX and gives a partition of it a folder or a letter, by the tools of Windows. */
export function planMountOnWindows(
  request: MountRequest,
  facts: MountFacts,
  { by }: WindowsWays,
): Plan | Refusal {
  const { isWritten } = request
  const attached = isWritten ? null : facts.attached
  const problems = mountProblems(request, { ...facts, attached })
  const refused = problems.filter(isBlocking)
  const chosen = choose(facts, request, isMountable)
  const start = chosen?.start
  if (refused.length > 0 || by === null || chosen === null || start === undefined)
    return { kind: 'refusal', operation: 'mount', problems: refused }
  const { host, image, folder, folderIs } = facts
  const attach = step(attachVhd, {
    id: 'attach',
    host,
    input: { attachment: freshId, image, by, isReadOnly: !isWritten, isForMount: true },
    estimate: quick,
    ...(isWritten && { needs: ['nobody else uses the image'] }),
  })
  const steps = inOrder([
    ...(attached === null ? [attach] : []),
    step(mountPartition, {
      id: 'mount',
      host,
      input: {
        attachment: attached?.attachment ?? from('attach', 'attachment'),
        image,
        start,
        folder,
        isNew: folderIs === 'missing' && !isDriveLetter(folder),
      },
      estimate: quick,
    }),
  ])
  const how = isWritten ? 'for writing' : 'read-only'
  return {
    kind: 'plan',
    operation: 'mount',
    summary: `Mount partition ${chosen.partition} of ${baseName(image)} (${chosen.type}) at ${folder}, ${how}`,
    steps,
    warnings: [...problems, ...(isWritten ? [] : dirtyRemarks(image, chosen))],
    subjects: isWritten ? [{ host, path: image }] : [],
    estimate: wholeEstimate(steps),
  }
}

function mountProblems(request: MountRequest, facts: MountFacts): Problem[] {
  const host = windowsProblems(facts)
  if (host.length > 0) return host
  const { ways, image, attached, problems } = facts
  const { isWritten } = request
  if (ways.windows?.by === 'diskpart')
    return [
      refusing(image, 'no-way', {
        why: 'this Windows has no module of Storage, by which partitions get folders and letters',
        remedy: `Attach it, which gives its volumes letters: varve attach ${powershellWord(image)}`,
      }),
    ]
  return [
    ...problems,
    ...(attached === null ? alreadyProblems(facts, 'attach') : []),
    ...formatProblems(request, facts),
    ...writtenProblems(facts, { isWritten, isThrowAway: false }),
    ...placeProblems(facts),
    ...guestProblems(request, facts),
  ]
}

/** Windows mounts at empty folders of NTFS, and at letters that nothing has. */
function placeProblems(facts: MountFacts): Problem[] {
  const { folder, folderIs, hostFilesystem = null } = facts
  const refuse = (id: string, why: string, remedy: string) =>
    blocking(folder, { id, layer: 'L1', why, remedy })
  if (isDriveLetter(folder))
    return folderIs === 'missing'
      ? []
      : [refuse('folder-used', 'that letter is taken', 'Say another letter, or an empty folder.')]
  const found = folderProblems(facts)
  if (found.length > 0 || hostFilesystem === null || hostFilesystem === 'NTFS') return found
  return [
    refuse(
      'folder-filesystem',
      `it lies on ${hostFilesystem}, and Windows mounts at folders of NTFS only`,
      'Say a folder on a drive with NTFS, or a drive letter such as X:.',
    ),
  ]
}

function guestProblems(request: MountRequest, facts: MountFacts): Problem[] {
  const { format, image, filesystems } = facts
  if (format === null) return []
  const words = guestWords(request, facts)
  if (words === null) return []
  const [id, why, remedy] = words
  return [blocking(image, { id, layer: 'L6', why, remedy, details: { filesystems } })]
}

/** Why no filesystem of the guest can be mounted; null: one can. */
function guestWords(
  request: MountRequest,
  facts: MountFacts,
): readonly [id: string, why: string, remedy: string] | null {
  const { image, others } = facts
  const { partition, volume, isLuks } = request
  if (isLuks || volume !== null)
    return ['filesystem-not-mounted', 'Windows opens no LUKS and no logical volumes', elsewhere(image)]
  const chosen = choose(facts, request, isMountable)
  if (chosen === null) {
    const meant = others.filter((one) => partition === null || one.partition === partition)
    if (meant.some(({ type }) => type === 'bitlocker')) return locked(image)
    const [id, why, remedy] = noneChosen(facts, request)
    return [id, why, meant.length > 0 ? elsewhere(image) : remedy]
  }
  if (!isMountable(chosen.type))
    return ['filesystem-not-mounted', `Windows does not mount ${chosen.type}`, elsewhere(image)]
  if (chosen.partition === null || chosen.start === undefined)
    return [
      'no-partition',
      'it has no partition table, and Windows gives folders and letters to partitions',
      elsewhere(image),
    ]
  return null
}

const locked = (image: string) =>
  [
    'bitlocker-locked',
    'it is locked by BitLocker, and Varve asks for no key of that',
    `Attach it (varve attach ${powershellWord(image)}), and unlock its volume: manage-bde -unlock VOLUME -RecoveryPassword KEY; or decrypt it in the guest: manage-bde -off C:.`,
  ] as const

/** What shows it without the filesystems of Windows. */
function elsewhere(image: string): string {
  const own = powershellWord(image)
  return `Serve it to a machine that knows it: varve serve ${own}; mount it on a Linux host: varve mount IMAGE FOLDER; or, where there is WSL: wsl --mount ${own} --vhd`
}

function dirtyRemarks(image: string, { type, state }: Candidate): Problem[] {
  if (state !== 'dirty') return []
  return [
    {
      id: 'journal-not-replayed',
      severity: 'warn',
      layer: 'L6',
      file: image,
      message: `L6 ${quote(image)}: its ${type} was not unmounted cleanly, and its disk is read-only: Windows replays no journal, shows what there was before, or nothing`,
      remedy:
        'Start its machine and shut it down, or mount a clone of it for writing: varve clone, then varve mount --rw.',
    },
  ]
}
