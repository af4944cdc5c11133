import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { mountDiskVolume } from '../actions/mount-disk-volume.ts'
import { baseName } from '../actions/path-words.ts'
import { prepareFolder } from '../actions/prepare-folder.ts'
import type { MacWays } from '../attach/facts.ts'
import { macAttachProblems, macAttachStep, macWay } from '../attach/macos.ts'
import type { Wanted } from '../attach/ways.ts'
import { blocking as blockingProblem } from '../blocking.ts'
import { inOrder, step, wholeEstimate, type Plan, type Refusal } from '../plans/plan.ts'
import { shellWord } from '../plans/shown.ts'
import { from } from '../plans/wired.ts'
import type { FilesystemThere, MountFacts } from './facts.ts'
import { folderProblems } from './problems.ts'
import type { MountRequest } from './request.ts'

/** How macOS mounts what the scan of guests finds. */
interface MacKind {
  readonly isWritable: boolean
  /** Mounted read-only its journal is replayed all the same, which a read-only disk does not let happen. */
  readonly hasJournal: boolean
}

const plain: MacKind = { isWritable: true, hasJournal: false }
const journaled: MacKind = { isWritable: true, hasJournal: true }
const readOnly: MacKind = { isWritable: false, hasJournal: false }

const kinds: Readonly<Record<string, MacKind>> = {
  apfs: plain,
  'hfs+': journaled,
  hfsx: journaled,
  fat12: plain,
  fat16: plain,
  fat32: plain,
  exfat: plain,
  ntfs: readOnly,
  iso9660: readOnly,
  udf: readOnly,
}

const kindOf = (type: string): MacKind | null => (Object.hasOwn(kinds, type) ? (kinds[type] ?? null) : null)

/** Mounts a filesystem that macOS knows, read-only unless it is said otherwise. */
export function planMountOnMacos(request: MountRequest, facts: MountFacts, macos: MacWays): Plan | Refusal {
  const chosen = chooseOnMac(facts, request)
  const kind = chosen === null ? null : kindOf(chosen.type)
  const wanted: Wanted = {
    isWritten: request.isWritten,
    isThrowAway: !request.isWritten && kind?.hasJournal === true && chosen?.state !== 'clean',
  }
  const attached = request.isWritten || wanted.isThrowAway ? null : facts.attached
  const problems = [
    ...macAttachProblems({ request, facts, wanted, verb: 'mount' }),
    ...takenProblems(facts, attached !== null),
    ...folderProblems(facts),
    ...guestProblems(request, facts, chosen),
  ]
  const blocking = problems.filter(isBlocking)
  const by = macWay(facts, macos)
  if (blocking.length > 0 || chosen === null || by === null)
    return { kind: 'refusal', operation: 'mount', problems: blocking }
  const { host, image, folder, folderIs } = facts
  const attachment = attached?.attachment ?? from('attach', 'attachment')
  const estimate = { bytes: 0, seconds: 1 }
  const steps = inOrder([
    ...(attached === null ? [macAttachStep({ request, facts, wanted, by, purpose: 'mount' })] : []),
    step(prepareFolder, {
      id: 'folder',
      host,
      input: { attachment, folder, isNew: folderIs === 'missing' },
      estimate,
    }),
    step(mountDiskVolume, {
      id: 'mount',
      host,
      input: {
        attachment,
        image,
        device: attached?.device ?? from('attach', 'device'),
        partition: chosen.partition,
        isApfs: chosen.type === 'apfs',
        folder,
        isReadOnly: !request.isWritten,
      },
      estimate,
    }),
  ])
  const part = chosen.partition === null ? '' : `partition ${chosen.partition} of `
  const how = wanted.isWritten
    ? 'for writing'
    : wanted.isThrowAway
      ? 'over a throw-away shadow file'
      : 'read-only'
  return {
    kind: 'plan',
    operation: 'mount',
    summary: `Mount ${part}${baseName(image)} (${chosen.type}) at ${folder}, ${how}`,
    steps,
    warnings: [...problems, ...(wanted.isThrowAway ? [shadowRemark(image, chosen)] : [])],
    subjects: request.isWritten ? [{ host, path: image }] : [],
    estimate: wholeEstimate(steps),
  }
}

function chooseOnMac(
  { filesystems }: MountFacts,
  { partition, volume }: Pick<MountRequest, 'partition' | 'volume'>,
): FilesystemThere | null {
  if (volume !== null) return null
  if (partition !== null) return filesystems.find((one) => one.partition === partition) ?? null
  const mountable = filesystems.filter(({ type }) => kindOf(type) !== null)
  return mountable.length === 1 ? (mountable[0] ?? null) : null
}

/** What somebody has attached is not attached again: macOS gives the same disk, and whose it is could not be told. */
function takenProblems({ already, image }: MountFacts, isUsed: boolean): Problem[] {
  if (already === null || isUsed) return []
  return [
    blockingProblem(image, {
      id: 'already-attached',
      layer: 'L3',
      why: `it is attached already, as ${already}`,
      remedy: `Detach it first: varve detach ${already}; or mount that disk: diskutil mount`,
    }),
  ]
}

function guestProblems(
  { isLuks, isEncrypted, isWritten, volume, partition }: MountRequest,
  facts: MountFacts,
  chosen: FilesystemThere | null,
): Problem[] {
  const { format, image, filesystems, others } = facts
  if (format === null) return []
  const own = shellWord(image)
  const refuse = (id: string, why: string, remedy: string): Problem =>
    blockingProblem(image, { id, layer: 'L6', why, remedy, details: { filesystems, volumes: [] } })
  const linux = `Serve it to a Linux machine (varve serve ${own}), or copy files out of it: varve convert and the file browser read it here.`
  if (isEncrypted)
    return [
      refuse(
        'no-filesystem',
        'what an encrypted image holds is not seen before it is attached',
        `Attach it, and mount what macOS shows: varve attach ${own} --passphrase, then diskutil mount readOnly -mountPoint FOLDER DEVICE`,
      ),
    ]
  if (isLuks || volume !== null)
    return [refuse('filesystem-not-mounted', 'macOS opens neither LUKS nor logical volumes', linux)]
  if (chosen === null) return [refuse(...noneChosen({ filesystems, others }, partition))]
  const kind = kindOf(chosen.type)
  if (kind === null) return [refuse('filesystem-not-mounted', `macOS does not mount ${chosen.type}`, linux)]
  if (isWritten && !kind.isWritable)
    return [refuse('filesystem-not-written', `macOS writes to no ${chosen.type}`, 'Mount it without --rw.')]
  return []
}

function noneChosen(
  { filesystems, others }: Pick<MountFacts, 'filesystems' | 'others'>,
  partition: number | null,
): [id: string, why: string, remedy: string] {
  const named = filesystems.map(
    (one) =>
      `${one.partition === null ? 'the whole disk' : `:${one.partition}`} ${one.type}${one.label ? ` ${quote(one.label)}` : ''}`,
  )
  const there =
    named.length === 0
      ? 'See what it holds: varve info.'
      : `Say which, as IMAGE:PARTITION: ${named.join(', ')}.`
  if (partition !== null) return ['no-filesystem', `no filesystem was found in partition ${partition}`, there]
  if (filesystems.length > 1) return ['which-filesystem', `it has ${filesystems.length} filesystems`, there]
  const [only] = filesystems
  if (only) return ['filesystem-not-mounted', `macOS does not mount ${only.type}`, there]
  const held = others.map(({ type }) => type)
  return [
    'no-filesystem',
    held.length > 0 ? `it holds ${held.join(', ')}, no filesystem` : 'no filesystem was found in it',
    there,
  ]
}

function shadowRemark(image: string, { type, state }: FilesystemThere): Problem {
  const why =
    state === 'dirty' ? 'was not unmounted cleanly' : 'does not tell whether it was unmounted cleanly'
  return {
    id: 'journal-replayed-aside',
    severity: 'info',
    layer: 'L6',
    file: image,
    message: `L6 ${quote(image)}: its ${type} ${why}; its journal is replayed into a throw-away shadow file, never into the image`,
    remedy: 'Nothing is to be done: the shadow file is thrown away when it is unmounted.',
  }
}
