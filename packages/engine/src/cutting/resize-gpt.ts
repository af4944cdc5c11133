import { type FileHandle, open } from 'node:fs/promises'
import { openChain } from '@varve/core/chain/open-chain'
import { GuestDisk } from '@varve/core/guest/guest-region'
import { gptEndingAt, type DiskPiece, type GptPlace } from '@varve/core/partitions/gpt-end'
import { readPartitionTable } from '@varve/core/partitions/partition-table'
import { DiskError } from '@varve/core/problems/disk-error'
import { nodePorts } from '../ports/ports.ts'
import { writeError } from '../system/system-error.ts'
import { writePieces } from './write-pieces.ts'

export interface ResizeGptOptions extends Pick<GptPlace, 'sectorSize' | 'resized'> {
  /** What people call the disk, for messages. */
  readonly name: string
}

/**
 * Has the GPT of a raw disk that nobody else has open end where the disk does, and gives one of its partitions another end. At
 * every moment one of its copies is whole; a call that is repeated after a death goes on from that.
 */
export async function resizeGpt(path: string, options: ResizeGptOptions): Promise<void> {
  const { sectorSize, resized, name } = options
  const pieces = await onDisk(path, async (disk) =>
    gptEndingAt(disk.whole(), { sectorSize, diskSize: disk.length, resized }),
  )
  await write(path, pieces)
  await onDisk(path, async (disk) => {
    const found = await readPartitionTable(disk.whole())
    const own = found?.table.partitions.find(({ index }) => index === resized?.index)
    const isWell =
      found?.table.kind === 'gpt' &&
      found.table.sectorSize === sectorSize &&
      found.problems.every(({ severity }) => severity === 'info') &&
      (resized === undefined || (own?.start === resized.start && own.start + own.length === resized.end))
    if (isWell) return
    throw new DiskError('refused', {
      file: name,
      reason: `its GPT does not read as it was written: ${found?.problems[0]?.message ?? 'it has none'}`,
      remedy: 'The image itself is as it was. See what it holds: varve info.',
      layer: 'L4',
    })
  })
}

async function onDisk<T>(path: string, look: (disk: GuestDisk) => Promise<T>): Promise<T> {
  await using chain = await openChain(path, nodePorts({ roots: null }), { format: 'raw' })
  return await look(new GuestDisk(chain.disk))
}

async function write(path: string, pieces: readonly DiskPiece[]): Promise<void> {
  let file: FileHandle | null = null
  try {
    file = await open(path, 'r+')
    await writePieces(file, pieces)
  } catch (error) {
    throw writeError(error, path)
  } finally {
    await file?.close()
  }
}
