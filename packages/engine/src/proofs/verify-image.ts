import { changedChunks, rangesOfChunks } from '@varve/core/digest/changed-chunks'
import { changedPlaces, type ChangedPlace } from '@varve/core/layers/layer-places'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { digestDisk } from '../disks/digest-disk.ts'
import type { DigestOutcome, DiskInput } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { filesChangedSince, makeProof } from './make-proof.ts'
import { keepProof, readProof } from './proof-store.ts'
import type { Proof } from './proof.ts'

type ImageInput = DiskInput & { kind: 'image' }

/** What a disk holds now, against what it held when it was proven. */
export interface Verified {
  readonly isProven: boolean
  readonly proof: Pick<Proof, 'digest' | 'virtualSize' | 'provenAt' | 'format'>
  readonly found: Pick<DigestOutcome, 'digest' | 'virtualSize' | 'dataBytes' | 'seconds'>
  /** Chunks of 4 MiB in which something differs, in order. */
  readonly chunks: readonly number[]
  /** The bytes of those chunks. */
  readonly ranges: readonly ByteRange[]
  /** The partitions, volumes and filesystems, as they lay when it was proven, that these bytes are of. */
  readonly places: readonly ChangedPlace[]
  /** Files of the image that were written to since. */
  readonly filesChanged: readonly string[]
}

/** Reads the whole disk again and compares it, chunk by chunk, with the manifest that is kept of it; throws `no-proof`. */
export async function verifyImage(
  input: ImageInput,
  stateFolder: string,
  options: RunOptions = {},
): Promise<Verified> {
  const kept = await readProof({ stateFolder, path: input.path, reading: input.choices ?? {} })
  if (kept === null) throw new DiskError('no-proof', { file: input.path })
  const { proof, manifest } = kept
  const found = await digestDisk(input, options)
  const chunks = changedChunks(manifest, found.manifest)
  const ranges = rangesOfChunks(chunks, Math.max(manifest.size, found.manifest.size))
  return {
    isProven: found.digest === proof.digest,
    proof,
    found,
    chunks,
    ranges,
    places: changedPlaces(proof.places, ranges),
    filesChanged: await filesChangedSince(proof),
  }
}

/** Reads the whole disk and keeps a manifest of it, in the place of an earlier one. */
export async function keepImage(
  input: ImageInput,
  stateFolder: string,
  options: RunOptions = {},
): Promise<{ readonly proof: Proof; readonly found: DigestOutcome }> {
  const found = await digestDisk(input, options)
  const proof = await makeProof(input, input.path, found)
  await keepProof(
    { stateFolder, path: input.path, reading: input.choices ?? {} },
    { proof, manifest: found.manifest },
  )
  return { proof, found }
}
