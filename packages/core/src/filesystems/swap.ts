import { ascii, bytes, u32le } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { formatUuid } from '../binary/uuid.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'

/** linux/swap.h `union swap_header`, after the 1,024 bytes for boot code. */
const header = struct('swap header', 44, {
  version: [0, u32le],
  lastPage: [4, u32le],
  badPages: [8, u32le],
  uuid: [12, bytes(16)],
  label: [28, ascii(16)],
})

const pageSizes = [4096, 8192, 16_384, 65_536] as const

/** What stands in the place of the signature while a machine is suspended to the swap (kernel/power/swap.c, uswsusp, TuxOnIce). */
const sessionSignatures = ['S1SUSPEND', 'S2SUSPEND', 'ULSUSPEND', 'LINHIB0001']

/** Linux swap: its signature ends the first page, whose size is the machine's. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  for (const pageSize of pageSizes) {
    const end = await region.peek(pageSize - 10, 10)
    if (!end) return null
    const signature = String.fromCharCode(...end)
    if (sessionSignatures.some((one) => signature.startsWith(one)))
      return filesystemFinding(region, {
        type: 'swap',
        sure: 'signature',
        blockSize: pageSize,
        isHibernated: true,
        notes: ['a suspended session is saved in it'],
      })
    if (signature !== 'SWAPSPACE2' && signature !== 'SWAP-SPACE') continue
    const { version, lastPage, uuid, label } = header.read(await region.read(1024, header.size), region.name)
    const isNew = signature === 'SWAPSPACE2' && version === 1
    return filesystemFinding(region, {
      type: 'swap',
      sure: isNew ? 'consistent' : 'signature',
      label: isNew && label !== '' ? label : null,
      uuid: isNew ? formatUuid(uuid) : null,
      size: isNew ? (lastPage + 1) * pageSize : null,
      blockSize: pageSize,
    })
  }
  return null
}
