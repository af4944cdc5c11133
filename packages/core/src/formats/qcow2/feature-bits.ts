/** The feature bits of version 3 (qcow2.rst, "Header", bytes 72 to 95). */

/** 64 feature bits as two words: bit 0 is the lowest of `low`. */
export interface FeatureBits {
  readonly high: number
  readonly low: number
}

/** Bits a reader must know, or else refuse the image. */
export const incompatibleFeatures = {
  dirty: 0,
  corrupt: 1,
  externalDataFile: 2,
  compressionType: 3,
  extendedL2: 4,
} as const

export const compatibleFeatures = { lazyRefcounts: 0 } as const

export const autoclearFeatures = { bitmaps: 0, rawExternalData: 1 } as const

/** What the specification and QEMU call each bit, as the feature name table of a new image lists them. */
export const featureNames = [
  { type: 0, bit: incompatibleFeatures.dirty, name: 'dirty bit' },
  { type: 0, bit: incompatibleFeatures.corrupt, name: 'corrupt bit' },
  { type: 0, bit: incompatibleFeatures.externalDataFile, name: 'external data file' },
  { type: 0, bit: incompatibleFeatures.compressionType, name: 'compression type' },
  { type: 0, bit: incompatibleFeatures.extendedL2, name: 'extended L2 entries' },
  { type: 1, bit: compatibleFeatures.lazyRefcounts, name: 'lazy refcounts' },
  { type: 2, bit: autoclearFeatures.bitmaps, name: 'bitmaps' },
  { type: 2, bit: autoclearFeatures.rawExternalData, name: 'raw external data' },
] as const

export function hasFeature(bits: FeatureBits, bit: number): boolean {
  const word = bit < 32 ? bits.low : bits.high
  return ((word >>> (bit % 32)) & 1) === 1
}

/** The bits that are set and not in `known`, lowest first. */
export function unknownFeatures(bits: FeatureBits, known: Readonly<Record<string, number>>): number[] {
  const knownBits = new Set(Object.values(known))
  return Array.from({ length: 64 }, (_, bit) => bit).filter(
    (bit) => hasFeature(bits, bit) && !knownBits.has(bit),
  )
}
