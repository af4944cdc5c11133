import { deriveUuid } from '../../binary/derive-uuid.ts'
import { toHex } from '../../binary/hex.ts'
import { formatUuid } from '../../binary/uuid.ts'
import type { DiskWriterOptions } from '../../image/disk-writer.ts'
import type { Architecture, Firmware, GuestSystem } from '../../image/image-choices.ts'

/** A machine that is made around a disk. */
export interface NewMachine {
  readonly name: string
  /** Upper case, as macOS prints them. */
  readonly machineId: string
  readonly driveId: string
  readonly networkId: string
  /** Six bytes, of a locally administered address. */
  readonly mac: readonly string[]
  readonly architecture: Architecture
  /** Null: as the product likes. */
  readonly cpus: number | null
  /** Bytes, whole MiB. */
  readonly memory: number
  readonly firmware: Firmware
  readonly guest: GuestSystem
}

const usualMemory = 4 * 1024 ** 3

/** The machine that the choices ask for; identities come from the id, so that the same input gives the same bytes. */
export function newMachine(
  { id, name, choices = {} }: Pick<DiskWriterOptions, 'id' | 'name' | 'choices'>,
  { ending, usual }: { readonly ending: RegExp; readonly usual: Architecture },
): NewMachine {
  const uuid = (number: number) => formatUuid(deriveUuid(id, number)).toUpperCase()
  const { architecture = usual, cpus = null, memory = usualMemory, guest = 'linux' } = choices
  const address = toHex(deriveUuid(id, 4).subarray(11)).toUpperCase()
  return {
    name: (name ?? '').replace(ending, '') || 'Machine',
    machineId: uuid(1),
    driveId: uuid(2),
    networkId: uuid(3),
    mac: ['02', ...(address.match(/../gu) ?? [])],
    architecture,
    cpus,
    memory,
    // Machines of ARM have no BIOS.
    firmware: choices.firmware ?? (architecture === 'aarch64' ? 'efi' : 'bios'),
    guest,
  }
}
