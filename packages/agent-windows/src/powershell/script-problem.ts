import { DiskError } from '@varve/core/problems/disk-error'
import type { DiskErrorDetails } from '@varve/core/problems/error-details'
import { ScriptError, type ScriptFailure } from './script-error.ts'

/** What a script was about. */
export interface About {
  readonly file: string
  /** How long the script waited for what it gave up on. */
  readonly waitedSeconds?: number
  /** Where something was to be mounted. */
  readonly folder?: string
}

type Explain = (about: About) => DiskError

const refusal =
  (more: Pick<DiskErrorDetails['refused'], 'reason' | 'remedy' | 'finding' | 'layer'>): Explain =>
  ({ file }) =>
    new DiskError('refused', { file, ...more })

const held = (by: string): Explain => {
  return ({ file }) => new DiskError('in-use', { file, by, how: 'holds' })
}

const damaged = (structure: string, reason: string): Explain => {
  return ({ file }) => new DiskError('corrupt', { file, structure, reason })
}

const notThere: Explain = ({ file }) => new DiskError('not-found', { file })
const inUse = held('a machine, a program or Windows itself')
const full: Explain = ({ file }) => new DiskError('no-space', { file, wanted: null, available: null })

const noRights = refusal({
  finding: 'not-elevated',
  layer: 'L1',
  reason: 'Windows denies it to this user',
  remedy:
    'Do it in a PowerShell that was started with "Run as administrator"; or give the user and Hyper-V the right to the file: icacls FILE.',
})

const otherParent = (reason: string) =>
  refusal({
    finding: 'parent-mismatch',
    layer: 'L2',
    reason,
    remedy: 'See its parents with varve chain show, and bring back the one that it was made over.',
  })

const noParent = refusal({
  finding: 'parent-missing',
  layer: 'L2',
  reason: 'its parent is not there, or may not be read',
  remedy:
    'See its parents with varve chain show; put the missing one back, or repoint it: varve chain repoint.',
})

const format = damaged('the file', 'Windows does not know it as a VHD or VHDX')
const header = damaged('the header', 'Windows finds it wrong')

/** Codes of the system, the same in every language (winerror.h). */
const byCode: Readonly<Record<string, Explain>> = {
  '0x80070002': notThere,
  '0x80070003': notThere,
  '0x80070005': noRights,
  '0x80070020': inUse,
  '0x80070021': inUse,
  '0x80070027': full,
  '0x80070050': ({ file }) => new DiskError('target-exists', { file }),
  '0x80070070': full,
  '0x800700B7': ({ file }) => new DiskError('target-exists', { file }),
  '0x80070522': noRights,
  '0x80041003': noRights,
  '0xC03A0001': damaged('the footer', 'it is not there'),
  '0xC03A0002': damaged('the footer', 'its checksum is wrong'),
  '0xC03A0003': damaged('the footer', 'Windows finds it wrong'),
  '0xC03A0004': format,
  '0xC03A0006': damaged('the header', 'its checksum is wrong'),
  '0xC03A0008': header,
  '0xC03A000A': damaged('the block allocation table', 'Windows finds it wrong'),
  '0xC03A000B': header,
  '0xC03A000C': damaged('a block bitmap', 'Windows finds it wrong'),
  '0xC03A000D': noParent,
  '0xC03A000E': otherParent('its parent is another one than it was made over'),
  '0xC03A000F': otherParent('its parent was changed after it was made'),
  '0xC03A0012': refusal({
    finding: 'size-unsupported',
    layer: 'L2',
    reason: 'its size is not one that its format can have',
    remedy: 'Convert it with Varve, which rounds sizes: varve convert.',
  }),
  '0xC03A0013': damaged('the file', 'its length is not one that its format can have'),
  '0xC03A0015': format,
  '0xC03A0016': noParent,
  '0xC03A0017': otherParent('its parent has another size than it was made over'),
  '0xC03A0018': otherParent('its chain of parents runs in a circle'),
  '0xC03A0019': otherParent('one of its parents is damaged or was changed'),
  '0xC03A001A': refusal({
    finding: 'file-attributes',
    layer: 'L1',
    reason: 'Windows refuses virtual disks in files that are compressed, encrypted or sparse',
    remedy: 'Copy it, or clear that: compact /u FILE, cipher /d FILE, fsutil sparse setflag FILE 0.',
  }),
  '0xC03A001D': refusal({
    finding: 'sector-size-unsupported',
    layer: 'L2',
    reason: 'Windows does not attach disks with sectors of that size here',
    remedy: 'Serve it instead: varve serve.',
  }),
  '0xC03A001E': inUse,
}

const lockedVolume = refusal({
  finding: 'filesystem-not-shown',
  layer: 'L6',
  reason:
    'Windows shows no filesystem in that partition: it is locked by BitLocker, damaged, or was not unmounted cleanly',
  remedy:
    'See its volume: Get-Partition | Get-Volume; unlock it with its key: manage-bde -unlock VOLUME; or start its machine and shut it down.',
})

const gone = refusal({
  finding: 'not-attached',
  layer: 'L3',
  reason: 'it is no disk of Windows any more',
  remedy: 'See what is attached: varve attached; then mount it again.',
})

const folderTaken: Explain = ({ folder, file }) =>
  new DiskError('refused', {
    file: folder ?? file,
    finding: 'folder-used',
    layer: 'L1',
    reason: 'the folder or letter is in use',
    remedy: 'Say an empty folder, a new one, or another letter.',
  })

const folderNotValid: Explain = ({ folder, file }) =>
  new DiskError('refused', {
    file: folder ?? file,
    finding: 'folder-filesystem',
    layer: 'L1',
    reason: 'Windows mounts nothing there',
    remedy: 'Say an empty folder on a drive with NTFS, or a letter that nothing has.',
  })

const hiddenPartition = refusal({
  finding: 'partition-hidden',
  layer: 'L4',
  reason: 'its partition is hidden, and Windows gives hidden ones neither folders nor letters',
  remedy: 'Serve it instead: varve serve.',
})

/** Errors of the scripts of this package. */
const byOwnId: Readonly<Record<string, Explain>> = {
  VarveAttachedAlready: held('somebody else, who attached it to Windows'),
  VarveDiskStays: waited('Windows to take its disk away'),
  VarveMachineRuns: held('its machine, which is not off any more'),
  VarveNoCheckpoint: ({ file }) => new DiskError('not-found', { file, thing: 'checkpoint' }),
  VarveFolderStays: waited('Windows to end the mount'),
  VarveNoDisk: waited('its disk to come'),
  VarveNoFilesystem: lockedVolume,
  VarveNoMount: waited('the folder or letter to come'),
  VarveNoPartition: waited('its partition to come'),
  VarveNotAttached: gone,
}

function waited(during: string): Explain {
  return ({ file, waitedSeconds = 0 }) =>
    new DiskError('no-progress', { file, during: `waiting for ${during}`, seconds: waitedSeconds })
}

/** The first part of ids of modules, as `AccessDenied,Microsoft.HyperV.PowerShell.Commands.GetVM`. */
const byId: Readonly<Record<string, Explain>> = {
  ...byOwnId,
  AccessDenied: noRights,
  // Of MSFT_Partition, AddAccessPath.
  'StorageWMI 40001': noRights,
  'StorageWMI 42002': folderTaken,
  'StorageWMI 42004': hiddenPartition,
  'StorageWMI 42007': folderNotValid,
  CommandNotFoundException: ({ file }) =>
    new DiskError('tool-missing', {
      file,
      tool: 'the module of Hyper-V or Storage',
      install:
        'See what is there: Get-Module -ListAvailable -Name Hyper-V, Storage; Hyper-V is a feature of Windows that is turned on.',
    }),
  ObjectInUse: inUse,
}

const byCategory: Readonly<Record<string, Explain>> = {
  PermissionDenied: noRights,
  ResourceBusy: inUse,
  SecurityError: noRights,
}

/** What a script failed with as an error about a file; what is no failure of a script stays as it is. */
export function scriptProblem(error: unknown, about: string | About): unknown {
  if (!(error instanceof ScriptError)) return error
  const at = typeof about === 'string' ? { file: about } : about
  const known = explanationOf(error.failure)?.(at)
  if (known) return new DiskError(known.code, known.details, { cause: error })
  return new DiskError(
    'tool-failed',
    { file: at.file, tool: 'PowerShell', exitCode: null, stderr: inWords(error) },
    { cause: error },
  )
}

/** Whether the script ended by its own judgement: what it was to do has not happened, and does not happen later. */
export function hasFailedForGood(error: unknown): boolean {
  const own = error instanceof DiskError ? error.cause : error
  return own instanceof ScriptError && !['VarveNoDisk', 'VarveNotMade'].includes(firstOf(own.failure))
}

/** By codes from the inside out, ids and categories, never by words: those are in the language of the host. */
function explanationOf(failure: ScriptFailure): Explain | undefined {
  const id = firstOf(failure)
  const isOfVm = /^InvalidParameter,Microsoft\.HyperV\.PowerShell\.Commands\.GetVM(?:Command)?$/u
  if (isOfVm.test(failure.id)) return ({ file }) => new DiskError('not-found', { file, thing: 'machine' })
  const code = failure.codes.findLast((one) => Object.hasOwn(byCode, one))
  if (Object.hasOwn(byOwnId, id)) return byOwnId[id]
  if (code !== undefined) return byCode[code]
  return [[byId, id] as const, [byCategory, failure.category] as const].flatMap(([table, key]) =>
    Object.hasOwn(table, key) ? (table[key] ?? []) : [],
  )[0]
}

const firstOf = ({ id }: ScriptFailure) => id.split(',', 1)[0] ?? ''

function inWords({ script, failure: { id, codes, message } }: ScriptError): string {
  return `${script}.ps1: ${message.trim()} (${[id, ...codes].join(', ')})`
}
