import { formatRules } from '../image/format-rules.ts'
import { nameOfKind, type WritableFormat } from '../formats/writable-formats.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3
const TiB = 1024 ** 4

/** A container that a target takes. */
export interface ProfileKind {
  readonly format: WritableFormat
  /** Null: the format's usual kind. */
  readonly subformat: string | null
}

/** What a hypervisor or a cloud takes as a disk (`DOMAIN.md`, target profiles). */
export interface TargetProfile {
  readonly label: string
  /** What it takes, the usual one first. */
  readonly kinds: readonly [ProfileKind, ...ProfileKind[]]
  /** A size is a whole number of these. */
  readonly unit: number
  readonly most: number | null
}

/** The targets by the name that people use. */
export const targetProfiles = {
  aws: {
    label: 'AWS',
    kinds: [
      { format: 'raw', subformat: null },
      { format: 'vmdk', subformat: 'streamOptimized' },
      { format: 'vhd', subformat: null },
      { format: 'vhd', subformat: 'fixed' },
      { format: 'ova', subformat: null },
    ],
    unit: 512,
    most: null,
  },
  azure: {
    label: 'Azure',
    kinds: [{ format: 'vhd', subformat: 'fixed' }],
    unit: MiB,
    most: formatRules.vhd.maxVirtualSize,
  },
  esxi: {
    label: 'VMware ESXi',
    kinds: [
      { format: 'vmdk', subformat: 'streamOptimized' },
      { format: 'ova', subformat: null },
    ],
    unit: MiB,
    most: 62 * TiB,
  },
  gcp: { label: 'Google Cloud', kinds: [{ format: 'raw', subformat: null }], unit: GiB, most: null },
  'hyperv-1': {
    label: 'Hyper-V, generation 1',
    kinds: [
      { format: 'vhdx', subformat: null },
      { format: 'vhdx', subformat: 'fixed' },
      { format: 'vhd', subformat: null },
      { format: 'vhd', subformat: 'fixed' },
    ],
    unit: 512,
    most: 64 * TiB,
  },
  'hyperv-2': {
    label: 'Hyper-V, generation 2',
    kinds: [
      { format: 'vhdx', subformat: null },
      { format: 'vhdx', subformat: 'fixed' },
    ],
    unit: 512,
    most: 64 * TiB,
  },
  proxmox: {
    label: 'Proxmox',
    kinds: [
      { format: 'qcow2', subformat: null },
      { format: 'raw', subformat: null },
    ],
    unit: 512,
    most: null,
  },
  utm: {
    label: 'UTM',
    kinds: [
      { format: 'qcow2', subformat: null },
      { format: 'raw', subformat: null },
      { format: 'utm', subformat: null },
      { format: 'utm', subformat: 'qemu' },
      { format: 'utm', subformat: 'apple' },
    ],
    unit: 512,
    most: null,
  },
  virtualbox: {
    label: 'VirtualBox',
    kinds: [
      { format: 'vdi', subformat: null },
      { format: 'vdi', subformat: 'fixed' },
      { format: 'vmdk', subformat: null },
      { format: 'vhd', subformat: null },
      { format: 'vhd', subformat: 'fixed' },
    ],
    unit: 512,
    most: null,
  },
} as const satisfies Record<string, TargetProfile>

export type TargetProfileName = keyof typeof targetProfiles

export const targetProfileNames = Object.keys(targetProfiles) as [TargetProfileName, ...TargetProfileName[]]

/** The kind that a target gets when nothing else is said: the first that it takes of the format, where one is said. */
export function profileKind(
  name: TargetProfileName,
  format: WritableFormat | null,
  subformat: string | null,
): ProfileKind {
  const { kinds }: TargetProfile = targetProfiles[name]
  const asked = kinds.find(
    (kind) =>
      (format === null || kind.format === format) && (subformat === null || kind.subformat === subformat),
  )
  return asked ?? { format: format ?? kinds[0].format, subformat }
}

export interface ProfileFault {
  readonly reason: string
  readonly remedy: string
}

/** Why a target does not take such a disk; empty: it does. */
export function profileFaults(
  name: TargetProfileName,
  { format, subformat, size }: ProfileKind & { readonly size: number },
): ProfileFault[] {
  const { label, kinds, unit, most }: TargetProfile = targetProfiles[name]
  const faults: ProfileFault[] = []
  if (!kinds.some((kind) => kind.format === format && kind.subformat === subformat)) {
    const names = kinds.map((kind) => nameOfKind(kind.format, kind.subformat))
    faults.push({
      reason: `${label} takes no ${nameOfKind(format, subformat)}`,
      remedy: `Choose ${names.join(', ')}.`,
    })
  }
  if (size === 0 || size % unit !== 0) {
    const next = Math.max(1, Math.ceil(size / unit)) * unit
    const whole = { [GiB]: 'GiB', [MiB]: 'MiB' }[unit] ?? 'sectors of 512 bytes'
    faults.push({
      reason: `${label} takes disks of whole ${whole} only`,
      remedy: `Choose ${next} bytes, the next such size.`,
    })
  }
  if (most !== null && size > most)
    faults.push({
      reason: `${label} takes disks of at most ${most / GiB} GiB`,
      remedy: 'Choose a smaller size.',
    })
  return faults
}
