import { deflateSync } from 'node:zlib'
import { sectorSize, sparseFlags, sparseHeader } from '../sparse-header.ts'

type HeaderFields = Parameters<typeof sparseHeader.write>[0]

export interface VmdkRecipe {
  readonly sectors?: number
  /** Grains by index; `zero` marks a zero grain. Each is a grain of bytes or shorter for the last. */
  readonly grains?: Readonly<Record<number, Uint8Array | 'zero'>>
  readonly isCompressed?: boolean
  /** The header says that the directory's place is in the footer. */
  readonly hasFooter?: boolean
  readonly descriptor?: string
  /** What to write instead of the right values. */
  readonly header?: Partial<HeaderFields>
}

export const grainSectors = 8
export const grainBytes = grainSectors * sectorSize
const directoryAt = 4
const redundantAt = 5

export function descriptorText(sectors: number, more = ''): string {
  return `# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="monolithicSparse"\nRW ${sectors} SPARSE "x.vmdk"\n${more}`
}

/** A hosted sparse image of grains of 4 KiB with one table, small enough to break in every byte. */
export function buildVmdk(recipe: VmdkRecipe = {}): Uint8Array {
  const sectors = recipe.sectors ?? 64 * grainSectors
  const { grains = {}, isCompressed = false, hasFooter = false } = recipe
  const tables = Math.ceil(sectors / (grainSectors * 512))
  let next = 6
  const tableSectors = 4
  const places = (): number[] =>
    Array.from({ length: tables }, () => {
      const at = next
      next += tableSectors
      return at
    })
  const primary = places()
  const redundant = places()
  const entries = new Uint32Array(tables * 512)
  const chunks: { at: number; bytes: Uint8Array }[] = []
  for (const [key, grain] of Object.entries(grains)) {
    const index = Number(key)
    entries[index] = grain === 'zero' ? 1 : next
    if (grain === 'zero') continue
    const bytes = isCompressed ? packed(grain, index) : grain
    chunks.push({ at: next * sectorSize, bytes })
    next += Math.ceil(bytes.length / sectorSize)
  }
  const footerAt = hasFooter ? (next + 1) * sectorSize : 0
  const image = new Uint8Array(hasFooter ? footerAt + 2 * sectorSize : next * sectorSize)
  const view = new DataView(image.buffer)
  for (const { at, bytes } of chunks) image.set(bytes, at)
  for (const [copy, at] of [
    [primary, directoryAt],
    [redundant, redundantAt],
  ] as const) {
    copy.forEach((tableAt, table) => {
      view.setUint32(at * sectorSize + table * 4, tableAt, true)
      for (let i = 0; i < 512; i += 1) {
        view.setUint32(tableAt * sectorSize + i * 4, entries[table * 512 + i] ?? 0, true)
      }
    })
  }
  image.set(new TextEncoder().encode(recipe.descriptor ?? descriptorText(sectors)), sectorSize)
  const flags =
    sparseFlags.newlineTest |
    sparseFlags.redundantDirectory |
    sparseFlags.zeroGrains |
    (isCompressed ? sparseFlags.compressed | sparseFlags.markers : 0)
  const header: HeaderFields = {
    magic: 'KDMV',
    version: isCompressed ? 3 : 1,
    flags,
    capacity: sectors,
    grainSize: grainSectors,
    descriptorOffset: 1,
    descriptorSize: 3,
    numGTEsPerGT: 512,
    rgdOffset: redundantAt,
    gdOffset: directoryAt,
    overHead: 6,
    uncleanShutdown: 0,
    newlineTest: Uint8Array.of(0x0a, 0x20, 0x0d, 0x0a),
    compressAlgorithm: isCompressed ? 1 : 0,
    ...recipe.header,
  }
  image.set(sparseHeader.write(hasFooter ? { ...header, gdOffset: null } : header))
  if (hasFooter) {
    view.setUint32(footerAt - sectorSize, 1, true)
    view.setUint32(footerAt - sectorSize + 12, 3, true)
    image.set(sparseHeader.write(header), footerAt)
  }
  return image
}

/** A grain with its marker, as stream-optimized images hold it. */
export function packed(grain: Uint8Array, index: number): Uint8Array {
  const data = deflateSync(grain)
  const bytes = new Uint8Array(12 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, index * grainSectors, true)
  view.setUint32(8, data.length, true)
  bytes.set(data, 12)
  return bytes
}

/** A grain of bytes that tell where they come from. */
export function grain(seed: number, length = grainBytes): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7 + (i >> 8)) % 251)
}
