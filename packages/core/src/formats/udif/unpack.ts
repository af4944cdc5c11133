import { DiskError } from '../../problems/disk-error.ts'
import type { Codecs } from '../../image/image-files.ts'
import { decodeAdc } from './adc.ts'
import { decodeLzfse } from './lzfse.ts'
import type { PackedKind } from './trailer.ts'

/** Unpacks a run to at most `size` bytes; throws its own errors on bad input. */
export type Decoder = (packed: Uint8Array, size: number) => Uint8Array | Promise<Uint8Array>

/** The decoder of a kind of run, or null where the platform has none. */
export function decoderOf(kind: PackedKind, codecs: Codecs): Decoder | null {
  switch (kind) {
    case 'ADC':
      return decodeAdc
    case 'zlib':
      return (packed, size) => codecs.inflate(packed, size)
    case 'bzip2':
      return codecs.bzip2 ?? null
    case 'LZMA':
      return codecs.xz ?? null
    case 'LZFSE':
      return decodeLzfse
  }
}

/** The decoders of an image's runs; throws `unsupported-feature` naming the first kind that has none. */
export function decodersOf(
  kinds: readonly PackedKind[],
  codecs: Codecs,
  file: string,
): ReadonlyMap<PackedKind, Decoder> {
  const decoders = new Map<PackedKind, Decoder>()
  for (const kind of kinds) {
    const decoder = decoderOf(kind, codecs)
    if (decoder === null) {
      throw new DiskError('unsupported-feature', { file, format: 'UDIF', feature: `runs packed by ${kind}` })
    }
    decoders.set(kind, decoder)
  }
  return decoders
}
