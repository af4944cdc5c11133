import { mergeExtentStream, type Extent } from '../../ranges/extent.ts'
import { assertOnDisk, clampToDisk } from '../../disk/disk-range.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile } from '../../image/image-files.ts'
import type { SparsebundleMetadata } from './metadata.ts'

interface BandPart {
  readonly band: number
  /** Byte of the disk, and of the band, where the part starts. */
  readonly start: number
  readonly into: number
  readonly length: number
}

/** A sparse bundle as a disk; bands that are missing, and what lies behind the end of a short one, are `absent`. */
export function openSparsebundle(
  name: string,
  metadata: SparsebundleMetadata,
  bands: ReadonlyMap<number, ImageFile>,
): DiskReader {
  const { virtualSize, bandSize } = metadata
  const disk: DiskReader = {
    name,
    virtualSize,
    extents: (range, { signal } = {}) => mergeExtentStream(extentsOf(clampToDisk(disk, range), signal)),
    async readInto(target, at, { signal } = {}) {
      const range = { start: at, end: at + target.length }
      assertOnDisk(disk, range)
      for (const part of partsOf(range, bandSize)) {
        signal?.throwIfAborted()
        const bytes = target.subarray(part.start - at, part.start - at + part.length)
        await readPart(bands.get(part.band) ?? null, part, bytes)
      }
    },
  }
  async function* extentsOf(
    range: { start: number; end: number },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Extent> {
    for (const part of partsOf(range, bandSize)) {
      signal?.throwIfAborted()
      yield* extentsOfPart(bands.get(part.band) ?? null, part)
    }
  }
  return disk
}

async function readPart(file: ImageFile | null, { into }: BandPart, target: Uint8Array): Promise<void> {
  const present = presentBytes(file, into, target.length)
  if (file && present > 0) await file.source.readInto(target.subarray(0, present), into)
  target.fill(0, present)
}

async function* extentsOfPart(
  file: ImageFile | null,
  { start, into, length }: BandPart,
): AsyncGenerator<Extent> {
  const present = presentBytes(file, into, length)
  if (file && present > 0) {
    for await (const extent of file.source.extents({ start: into, end: into + present })) {
      const content = extent.content === 'absent' ? 'zero' : extent.content
      yield { ...extent, content, start: extent.start - into + start }
    }
  }
  if (present < length) yield { start: start + present, length: length - present, content: 'absent' }
}

function presentBytes(file: ImageFile | null, into: number, length: number): number {
  return file ? Math.max(0, Math.min(length, file.source.size - into)) : 0
}

function* partsOf({ start, end }: { start: number; end: number }, bandSize: number): Generator<BandPart> {
  for (let position = start; position < end;) {
    const band = Math.floor(position / bandSize)
    const into = position - band * bandSize
    const length = Math.min(end - position, bandSize - into)
    yield { band, start: position, into, length }
    position += length
  }
}
