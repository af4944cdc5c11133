import type { FormatName } from '@varve/core/image/format-rules'

/** A whole image of one or more files, from which inputs are made. */
export interface Seed {
  readonly name: string
  /** What findings and figures are counted under. */
  readonly group: string
  /** Path of the image among the files. */
  readonly top: string
  /** Its format, which is sometimes said instead of detected; null for what no driver is told. */
  readonly format: FormatName | null
  readonly files: Readonly<Record<string, Uint8Array>>
}

/** A seed with what the mutations need to know of it. */
export interface PreparedSeed extends Seed {
  readonly parts: readonly PreparedFile[]
}

export interface PreparedFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** Sectors of 512 bytes that are not all zero. */
  readonly sectors: Uint32Array
  readonly isText: boolean
}

export function prepareSeed(seed: Seed): PreparedSeed {
  const parts = Object.entries(seed.files)
    .filter(([, bytes]) => bytes.length > 0)
    .map(([path, bytes]) => ({ path, bytes, sectors: usedSectors(bytes), isText: looksLikeText(bytes) }))
  return { ...seed, parts }
}

function usedSectors(bytes: Uint8Array): Uint32Array {
  const used: number[] = []
  for (let sector = 0; sector * 512 < bytes.length; sector += 1) {
    if (bytes.subarray(sector * 512, sector * 512 + 512).some((byte) => byte !== 0)) used.push(sector)
  }
  return Uint32Array.from(used)
}

function looksLikeText(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length < 65_536 && bytes.every((byte) => byte >= 9 && byte < 0x7f)
}
