import { open } from 'node:fs/promises'
import { openChain } from '@varve/core/chain/open-chain'
import { bootSectorsAt, type Beginning } from '@varve/core/filesystems/boot-sector-place'
import { GuestDisk } from '@varve/core/guest/guest-region'
import { writeWhole } from '../files/whole.ts'
import { nodePorts } from '../ports/ports.ts'
import { writeError } from '../system/system-error.ts'

export interface MovedPartition extends Beginning {
  /** Bytes of the partition. */
  readonly length: number
}

/**
 * Has the boot sectors of the NTFS or FAT of a partition that was moved say where it begins; `sectors` tells how many were
 * written: none where they say so already. Throws `not-writable` and what a raw image throws.
 */
export async function tellBeginning(
  work: string,
  { from, to, length, sectorSize }: MovedPartition,
): Promise<{ readonly sectors: number }> {
  const pieces = await piecesOf()
  await using file = await open(work, 'r+').catch((error: unknown) => {
    throw writeError(error, work)
  })
  try {
    for (const { at, bytes } of pieces) await writeWhole(file, bytes, to + at)
    await file.sync()
  } catch (error) {
    throw writeError(error, work)
  }
  return { sectors: pieces.length }

  async function piecesOf() {
    await using chain = await openChain(work, nodePorts({ roots: null }), { format: 'raw' })
    const region = new GuestDisk(chain.disk).region([{ start: to, length }])
    return await bootSectorsAt(region, { from, to, sectorSize })
  }
}
