import { readPieces } from '../../binary/byte-source.ts'
import type { CheckOptions } from '../../image/check-report.ts'
import type { ImageFile, StreamHash } from '../../image/image-files.ts'
import { placeOf, type CheckedPackage } from './check-references.ts'
import type { FoundFile } from './package-files.ts'

const algorithms = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const
const remedy = 'Fetch the package again, or export the machine again.'

/**
 * Whether a manifest is there and all its digests could be compared. A file that it names again and again is read once;
 * a file of the package that it does not name is a remark.
 */
export async function compareDigests(found: CheckedPackage, { signal }: CheckOptions): Promise<boolean> {
  const { manifest, files, findings, ports } = found
  if (manifest === 'unreadable') {
    const message = 'Its manifest cannot be understood, so nothing in it vouches for the disk.'
    findings.add('remark', { id: 'ova-manifest-unreadable', message, remedy })
  }
  if (!Array.isArray(manifest)) return false
  const digests = new Map<string, string>()
  const named = new Set<string>()
  let compared = 0
  for (const { name, algorithm, digest } of manifest) {
    signal?.throwIfAborted()
    const file = await files.find(name)
    if (!file) {
      const message = `The manifest names ${JSON.stringify(name)}, which is not in the package.`
      findings.add('corruption', { id: 'ova-member-missing', message, remedy })
      continue
    }
    named.add(file.name)
    const kind = isKnown(algorithm) ? algorithms[algorithm] : null
    if (kind === null || !ports.startHash) {
      const message = `The ${algorithm} of ${JSON.stringify(name)} cannot be computed here.`
      findings.add('remark', {
        id: 'ova-digest-not-compared',
        message,
        remedy: 'Compare it with another program.',
      })
      continue
    }
    const key = `${kind} ${file.name}`
    const actual =
      digests.get(key) ?? (await digestOf(found, file, { hash: await ports.startHash(kind), signal }))
    digests.set(key, actual)
    compared += 1
    if (actual === digest) continue
    const message = `${JSON.stringify(name)} has the ${algorithm} ${actual}, the manifest says ${digest}.`
    findings.add('corruption', {
      id: 'ova-digest-differs',
      message,
      remedy,
      ...placeOf(files.startOf(file.name)),
    })
  }
  await checkLeftOut(found, named)
  return compared === manifest.length
}

/** Files that the description knows and the manifest does not, and the description itself (clause 6.4: it lists all). */
async function checkLeftOut(
  { envelope, files, findings }: CheckedPackage,
  named: ReadonlySet<string>,
): Promise<void> {
  const wanted = new Set([files.description.name])
  for (const { href, chunkSize } of envelope.files) {
    const file = await files.find(chunkSize === null ? href : `${href}.000000000`)
    if (file) wanted.add(file.name)
  }
  for (const name of wanted) {
    if (named.has(name)) continue
    const message = `The manifest leaves out ${JSON.stringify(name)}: nothing vouches for it.`
    findings.add('remark', {
      id: 'ova-manifest-incomplete',
      message,
      remedy: 'Export the machine again if you doubt that file.',
    })
  }
}

interface Hashing {
  readonly hash: StreamHash
  readonly signal: AbortSignal | undefined
}

async function digestOf(
  { files: { files } }: CheckedPackage,
  { path }: FoundFile,
  { hash, signal }: Hashing,
): Promise<string> {
  await using file: ImageFile = await files.open(path)
  const { source } = file
  for await (const piece of readPieces(source, { start: 0, end: source.size }, path)) {
    signal?.throwIfAborted()
    hash.update(piece)
  }
  return hash.hex()
}

function isKnown(algorithm: string): algorithm is keyof typeof algorithms {
  return Object.hasOwn(algorithms, algorithm)
}
