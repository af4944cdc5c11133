import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { trailerSignature, udifTrailer } from './trailer.ts'

/** Bytes that may lie behind a trailer, at most: what copying in whole blocks adds. */
const maxBehind = 1024 ** 2
/** `koly`, version 4, 512 bytes: what a trailer starts with when it is not at either end. */
const trailerStart = Uint8Array.of(0x6b, 0x6f, 0x6c, 0x79, 0, 0, 0, 4, 0, 0, 2, 0)

/**
 * Where the trailer of a UDIF image stands: the last 512 bytes, the first, or, when the file was padded, the last place
 * within 1 MiB of its end that says what is in front of it. Null: there is none.
 */
export async function findTrailer(source: ByteSource): Promise<number | null> {
  const { size } = source
  if (size < udifTrailer.size) return null
  for (const at of [size - udifTrailer.size, 0]) {
    const bytes = await readRange(source, { start: at, end: at + 4 }, udifTrailer.name)
    if (String.fromCharCode(...bytes) === trailerSignature) return at
  }
  const start = Math.max(0, size - udifTrailer.size - maxBehind)
  const bytes = await readRange(source, { start, end: size }, 'end of the file')
  for (const at of trailersIn(bytes)) {
    const place = start + at
    if (await describesItsFile(source, { place, bytes: bytes.subarray(at, at + udifTrailer.size) }))
      return place
  }
  return null
}

/** Where something in `bytes` starts as a trailer does, the last first. */
function* trailersIn(bytes: Uint8Array): Generator<number> {
  const [first = 0] = trailerStart
  let at = bytes.length - udifTrailer.size
  while (at >= 0) {
    at = bytes.lastIndexOf(first, at)
    if (at < 0) return
    if (trailerStart.every((byte, index) => bytes[at + index] === byte)) yield at
    at -= 1
  }
}

/** A disk may hold DMGs as files, whose trailers count from where those start: this one must count from byte 0. */
async function describesItsFile(
  source: ByteSource,
  { place, bytes }: { place: number; bytes: Uint8Array },
): Promise<boolean> {
  const { xmlOffset, xmlLength } = udifTrailer.read(bytes, source.name)
  if (xmlLength < 5 || xmlOffset + xmlLength > place) return false
  const start = await readRange(source, { start: xmlOffset, end: xmlOffset + 5 }, 'UDIF property list')
  return ['<?xml', '<plis'].includes(String.fromCharCode(...start))
}
