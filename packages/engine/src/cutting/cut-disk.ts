import { type FileHandle, open } from 'node:fs/promises'
import { openChain } from '@varve/core/chain/open-chain'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { DiskPiece } from '@varve/core/partitions/gpt-end'
import { assertCutWell, piecesOfCut, type Cut } from '@varve/core/scan/cut-view'
import { writePieces } from './write-pieces.ts'
import { nodePorts } from '../ports/ports.ts'
import { writeError } from '../system/system-error.ts'

export interface CutOptions extends Cut {
  /** How what lies behind is taken away, when all else is on the medium; left out: as of a file. */
  readonly shorten?: () => Promise<void>
}

/**
 * Cuts a raw disk that nobody else has open; cut already, it succeeds. Throws `refused`, with nothing written, where anything
 * would be lost by it: what the disk holds is read by Varve itself, whatever other tools have said.
 */
export async function cutDisk(
  path: string,
  { size, name, shorten }: CutOptions,
): Promise<{ readonly size: number; readonly cut: number }> {
  const before = await lookAt(path, async (disk) => ({
    virtualSize: disk.virtualSize,
    pieces: await piecesOfCut(disk, { size, name }),
  }))
  await write(path, before.pieces)
  await (shorten ?? (async () => truncateFile(path, size)))()
  await lookAt(path, async (disk) => assertCutWell(disk, { size, name }))
  return { size, cut: before.virtualSize - size }
}

async function lookAt<T>(path: string, look: (disk: DiskReader) => Promise<T>): Promise<T> {
  await using chain = await openChain(path, nodePorts({ roots: null }), { format: 'raw' })
  return await look(chain.disk)
}

async function write(path: string, pieces: readonly DiskPiece[]): Promise<void> {
  await changed(path, async (file) => {
    await writePieces(file, pieces)
    await file.sync()
  })
}

async function truncateFile(path: string, size: number): Promise<void> {
  await changed(path, async (file) => {
    await file.truncate(size)
    await file.sync()
  })
}

async function changed(path: string, change: (file: FileHandle) => Promise<void>): Promise<void> {
  let file: FileHandle | null = null
  try {
    file = await open(path, 'r+')
    await change(file)
  } catch (error) {
    throw writeError(error, path)
  } finally {
    await file?.close()
  }
}
