import { chunkSize } from '../../digest/disk-digest.ts'
import type { DiskWriter, DiskWriterOptions } from '../../image/disk-writer.ts'
import { rawWriter } from '../raw/writer.ts'

export interface FlatWriterOptions {
  readonly options: DiskWriterOptions
  /** Bytes of the disk in each part but the last, a multiple of a chunk. */
  readonly spread: number
  readonly descriptor: Uint8Array
}

/** Writes the guest's bytes as they are into the parts, zeros left out, and the descriptor as the image itself. */
export function flatWriter({ options, spread, descriptor }: FlatWriterOptions): DiskWriter {
  const { virtualSize } = options
  const raw = rawWriter.open(options)
  return {
    prepare: (index, chunk) => raw.prepare(index, chunk),
    place: (prepared) => raw.place(prepared),
    placesAreFixed: true,
    *writes(prepared) {
      const order = Math.floor((prepared.index * chunkSize) / spread)
      for (const { at, bytes } of raw.writes(prepared))
        yield { file: order + 1, at: at - order * spread, bytes }
    },
    *finish() {
      yield { at: 0, bytes: descriptor }
    },
    fileSize: (file = 0) =>
      file === 0 ? descriptor.length : Math.min(spread, virtualSize - (file - 1) * spread),
  }
}
