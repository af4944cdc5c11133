import type { FileHandle } from 'node:fs/promises'
import type { DiskPiece } from '@varve/core/partitions/gpt-end'
import { writeWhole } from '../files/whole.ts'

/** Writes each piece when the one before it is on the medium. */
export async function writePieces(file: FileHandle, pieces: readonly DiskPiece[]): Promise<void> {
  for (const { at, bytes } of pieces) {
    await writeWhole(file, bytes, at)
    await file.datasync()
  }
}
