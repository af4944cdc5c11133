import type { LayerPlace } from '@varve/core/layers/layer-places'
import type { ReadingChoices } from '@varve/core/image/reading-choices'

/** A file that a proven disk was read from, as it was then. */
export interface ProvenFile {
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
}

/** What an image held when it was proven, besides the leaves of its digest. */
export interface Proof {
  readonly kind: typeof proofKind
  /** Absolute, links resolved. */
  readonly path: string
  readonly reading: ReadingChoices
  readonly format: string
  /** Root of the disk digest in hexadecimal. */
  readonly digest: string
  readonly virtualSize: number
  /** ISO 8601. */
  readonly provenAt: string
  readonly files: readonly ProvenFile[]
  /** Where its partitions, volumes and filesystems lay: a table that changes later does not hide what it named. */
  readonly places: readonly LayerPlace[]
}

export const proofKind = 'varve proof 1'

/** Whether a value that was read from a file is a proof, as far as what is made of it goes. */
export function isProof(value: unknown): value is Proof {
  if (typeof value !== 'object' || value === null) return false
  const { kind, path, format, digest, virtualSize, provenAt, files, places, reading } = value as Readonly<
    Record<string, unknown>
  >
  return (
    kind === proofKind &&
    [path, format, digest, provenAt].every((text) => typeof text === 'string') &&
    typeof virtualSize === 'number' &&
    Number.isSafeInteger(virtualSize) &&
    typeof reading === 'object' &&
    reading !== null &&
    Array.isArray(files) &&
    files.every(isProvenFile) &&
    Array.isArray(places) &&
    places.every(isPlace)
  )
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function isProvenFile(value: unknown): boolean {
  return (
    isFields(value) &&
    typeof value['path'] === 'string' &&
    typeof value['size'] === 'number' &&
    typeof value['modifiedMs'] === 'number'
  )
}

function isPlace(value: unknown): boolean {
  if (!isFields(value) || typeof value['what'] !== 'string' || typeof value['layer'] !== 'string')
    return false
  const { runs } = value
  return (
    Array.isArray(runs) &&
    runs.every(
      (run: unknown) =>
        isFields(run) && typeof run['start'] === 'number' && typeof run['length'] === 'number',
    )
  )
}
