import { DiskError } from '../../problems/disk-error.ts'
import type { MachineDescription, MachineDrive } from './machine-description.ts'

/** Drives that are named in a message, at most. */
const mostNamed = 16

/** A drive whose file lies in the machine's folder. */
export type StoredDrive = MachineDrive & { readonly reference: string }

/** The drives with a file, disks before discs; what is no disk is not among them. */
export function storedDrives({ drives }: MachineDescription): readonly StoredDrive[] {
  const stored = drives.filter(
    (drive): drive is StoredDrive => drive.reference !== null && drive.kind !== 'other',
  )
  return [...stored.filter(({ kind }) => kind === 'disk'), ...stored.filter(({ kind }) => kind === 'disc')]
}

/** The drive that is meant: by its id, its file or its number; the first disk when none is named. Throws `refused`. */
export function chooseDrive(
  machine: MachineDescription,
  wanted: string | undefined,
  file: string,
): StoredDrive {
  const stored = storedDrives(machine)
  const [first] = stored
  if (first === undefined)
    throw new DiskError('refused', {
      file,
      reason: 'its definition names no disk that lies in its folder',
      remedy: 'Name the image itself, where it lies elsewhere.',
    })
  if (wanted === undefined) return first
  const lower = wanted.toLowerCase()
  const found = stored.find(({ id, reference, number }) =>
    [id, reference, lastName(reference), `disk${number}`].some((name) => name.toLowerCase() === lower),
  )
  if (found) return found
  const known = stored.slice(0, mostNamed).map((drive) => `${nameOfDrive(drive)} (${drive.reference})`)
  throw new DiskError('refused', {
    file,
    reason: `it has no disk ${JSON.stringify(wanted)}; it has ${known.join(', ')}`,
    remedy: 'Name one of them, as in machine.utm:disk2.',
  })
}

export const nameOfDrive = ({ number }: MachineDrive) => `disk${number}`

function lastName(reference: string): string {
  return reference.split('/').at(-1) ?? reference
}
