import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { layerPlaces, type LayerPlace } from '@varve/core/layers/layer-places'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { isDiskError } from '@varve/core/problems/disk-error'
import { folderOfImage } from '../quarantine/entry.ts'
import type { DigestOutcome, DiskInput } from '../run/requests.ts'
import { openInput } from '../run/open-input.ts'
import { proofKind, type Proof } from './proof.ts'

type ImageInput = DiskInput & { kind: 'image' }

/** What is kept of an image whose whole disk was just read; `path` is the name that it has, or is to get. */
export async function makeProof(
  input: ImageInput,
  path: string,
  { digest, virtualSize }: Pick<DigestOutcome, 'digest' | 'virtualSize'>,
): Promise<Proof> {
  await using opened = await openInput(input, { io: 'sync' })
  const known = join(await folderOfImage(path), basename(path))
  const files = opened.files.map((file) => ({
    path: file.path === input.path ? known : file.path,
    size: file.fingerprint.size,
    modifiedMs: file.fingerprint.modifiedMs,
  }))
  return {
    kind: proofKind,
    path: known,
    reading: input.choices ?? {},
    format: input.format ?? (opened.files[0] ? await formatOf(input) : 'raw'),
    digest,
    virtualSize,
    provenAt: new Date().toISOString(),
    files,
    places: await placesOf(opened.disk),
  }
}

async function formatOf({ path, roots, choices }: ImageInput): Promise<string> {
  const { inspectFile } = await import('../images/inspect-file.ts')
  return (await inspectFile(path, { roots, choices, map: false })).format
}

async function placesOf(disk: Parameters<typeof readGuestContents>[0]): Promise<readonly LayerPlace[]> {
  try {
    return layerPlaces(await readGuestContents(disk), disk.virtualSize)
  } catch (error) {
    // A guest that cannot be read is proven all the same; its layers have no names.
    if (isDiskError(error)) return []
    throw error
  }
}

/** The files that were written to, or replaced, since; those that are gone too. */
export async function filesChangedSince({ files }: Proof): Promise<readonly string[]> {
  const changed = await Promise.all(
    files.map(async ({ path, size, modifiedMs }) => {
      const now = await stat(path, { bigint: true }).catch(() => null)
      const isSame = now && Number(now.size) === size && Number(now.mtimeNs) / 1e6 === modifiedMs
      return isSame === true ? [] : [path]
    }),
  )
  return changed.flat()
}
