import type { DiskWriter } from '../../image/disk-writer.ts'

export interface AroundDisk {
  /** Writes the disk; its files are the image's parts in their order. */
  readonly disk: DiskWriter
  /** How many files the disk has. */
  readonly diskFiles: number
  /** The definition of the machine, which is the image. */
  readonly definition: Uint8Array
}

/** Writes a machine's folder: the disk as parts, then the definition that makes it a machine. */
export function machineWriter({ disk, diskFiles, definition }: AroundDisk): DiskWriter {
  return {
    *reserve() {
      for (const each of disk.reserve?.() ?? []) yield { ...each, file: (each.file ?? 0) + 1 }
    },
    prepare: (index, chunk, below) => disk.prepare(index, chunk, below),
    place: (prepared) => disk.place(prepared),
    placesAreFixed: disk.placesAreFixed ?? false,
    *writes(prepared) {
      for (const each of disk.writes(prepared)) yield { ...each, file: (each.file ?? 0) + 1 }
    },
    *finish() {
      for (const each of disk.finish()) yield { ...each, file: (each.file ?? 0) + 1 }
      yield { at: 0, bytes: definition }
    },
    // A part behind those of the disk is an empty file.
    fileSize: (file = 0) =>
      file === 0 ? definition.length : file <= diskFiles ? disk.fileSize(file - 1) : 0,
  }
}
