import { basename, dirname, join } from 'node:path'
import { findOwner } from '@varve/core/formats/vmdk/lone-part'
import { foldName } from '@varve/core/image/fold-name'
import { nameOf } from '@varve/core/image/folder-of'
import type { ImageFiles } from '@varve/core/image/image-files'
import { isDiskError, quote, type DiskError } from '@varve/core/problems/disk-error'
import { textDetail, type Problem } from '@varve/core/problems/problem'
import { nodeFiles } from '../files/node-files.ts'
import { finding, type Diagnosis } from './diagnosis.ts'
import type { LookOptions, SeenImage, SeenImages } from './look-at-images.ts'
import { byCommand, byHand, lookIntoQuarantine } from './mending.ts'

type Seen = Pick<SeenImages, 'images' | 'loose' | 'broken'>

/** What is missing of images of several files, and parts whose image is not there. */
export async function partFindings(seen: Seen, options: LookOptions): Promise<Diagnosis[]> {
  const { images, loose, broken } = seen
  return [
    ...images.flatMap((image) => image.missingParts.map((missing) => missingPart(image, missing, loose))),
    ...broken.map(brokenBundle),
    ...(await loneParts(images, loose, options)),
  ]
}

function missingPart(image: SeenImage, missing: Problem, loose: readonly string[]): Diagnosis {
  const part = textDetail(missing, 'extent') ?? 'a part without a name'
  const name = nameOf(part.replaceAll('\\', '/'))
  const places = loose.filter((path) => foldName(basename(path)) === foldName(name))
  const source =
    places.length > 0 ? `, from ${places.map(quote).join(' or ')}` : ', from a backup or from quarantine'
  return finding(image, {
    id: 'part-missing',
    severity: 'block',
    layer: missing.layer,
    message: `its part ${quote(part)} is not there, and the disk cannot be read without it`,
    remedy: `Put ${quote(name)} back beside it${source}.`,
    ...(places.length > 0 ? byHand : lookIntoQuarantine(image.path)),
    details: { part, candidates: places },
  })
}

/** A bundle without the file that describes it, or without its data. */
function brokenBundle({ file, layer, message, remedy, code }: DiskError): Diagnosis {
  return {
    id: 'bundle-broken',
    severity: 'block',
    layer,
    file,
    message,
    remedy,
    ...lookIntoQuarantine(file),
    details: { code },
  }
}

/** Parts that no descriptor names. */
async function loneParts(
  images: readonly SeenImage[],
  loose: readonly string[],
  { roots, signal }: LookOptions,
): Promise<Diagnosis[]> {
  const named = new Set(
    images.flatMap(({ path, parts }) =>
      parts.map((part) => placeOf(join(dirname(path), nameOf(part.replaceAll('\\', '/'))))),
    ),
  )
  const files = nodeFiles({ roots })
  const found: Diagnosis[] = []
  for (const path of loose) {
    signal?.throwIfAborted()
    if (!named.has(placeOf(path)) && !(await hasOwner(path, files))) found.push(lonePart(path))
  }
  return found
}

function placeOf(path: string): string {
  return join(dirname(path), foldName(basename(path)))
}

async function hasOwner(path: string, files: ImageFiles): Promise<boolean> {
  try {
    await using part = await files.open(path)
    return (await findOwner(part, files)) !== null
  } catch (error) {
    // Of what cannot be opened nothing is known.
    if (isDiskError(error)) return true
    throw error
  }
}

const flatEnding = /-flat\.vmdk$/iu

function lonePart(path: string): Diagnosis {
  const about = {
    id: 'part-alone',
    severity: 'warn',
    layer: 'L1',
    message: 'it is a part of a VMDK, and no descriptor beside it names it',
  } as const
  const lost =
    'Put its descriptor, the small .vmdk file that names its parts, back from a backup or from quarantine.'
  if (!flatEnding.test(path))
    return finding({ path }, { ...about, remedy: lost, ...lookIntoQuarantine(path) })
  // A flat part holds the whole disk as it is.
  const target = path.replace(flatEnding, '.vmdk')
  return finding(
    { path },
    {
      ...about,
      remedy: `${lost} Or make a whole image of what it holds.`,
      ...byCommand('varve', 'convert', '--format', 'raw', path, target),
      details: { target },
    },
  )
}
