import { readPieces, type ByteSource } from '../../binary/byte-source.ts'
import type { CheckOptions, CheckReport, FindingList } from '../check-report.ts'
import { guardedCheck } from '../guarded-check.ts'
import type { ImageFile, ImagePorts, StreamHash } from '../image-files.ts'
import { checkVmdk } from '../vmdk/check.ts'
import type { ManifestLine } from './manifest.ts'
import { readOva } from './package-contents.ts'
import { plainName, type TarMember } from './tar.ts'

const algorithms = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const
const remedy = 'Fetch the package again, or export the machine again.'

/** The archive, the tables of its first disk, and every file against the digest that the manifest gives (DSP0243 clause 6.4). */
export async function checkOva(
  file: ImageFile,
  ports: ImagePorts,
  options: CheckOptions = {},
): Promise<CheckReport> {
  return await guardedCheck({ file: file.path, format: 'ova' }, async (findings) => {
    const { first, manifest, members } = await readOva(file)
    const disk = await checkVmdk(first, ports, options)
    findings.adoptReport(disk)
    const checked = ['archive', 'description', ...disk.checked]
    if (Array.isArray(manifest)) {
      const isWhole = await compareDigests(file.source, { manifest, members, findings }, ports, options)
      if (isWhole) checked.push('digests of the manifest')
    } else if (manifest === 'unreadable') {
      const message = 'Its manifest cannot be understood, so nothing in it vouches for the disk.'
      findings.add('remark', { id: 'ova-manifest-unreadable', message, remedy })
    }
    const { isComplete } = disk
    const { allocatedBytes, leakedBytes } = disk.totals
    return { checked, allocatedBytes, leakedBytes, isComplete }
  })
}

interface Package {
  readonly manifest: readonly ManifestLine[]
  readonly members: readonly TarMember[]
  readonly findings: FindingList
}

/** Whether all digests could be compared. A file that the manifest names again and again is read once. */
async function compareDigests(
  source: ByteSource,
  { manifest, members, findings }: Package,
  { startHash }: ImagePorts,
  { signal }: CheckOptions,
): Promise<boolean> {
  const byName = new Map(members.toReversed().map((member) => [plainName(member.name), member]))
  const found = new Map<string, string>()
  let compared = 0
  for (const { name, algorithm, digest } of manifest) {
    signal?.throwIfAborted()
    const kind = isKnown(algorithm) ? algorithms[algorithm] : null
    const member = byName.get(plainName(name))
    if (!member) {
      const message = `The manifest names ${JSON.stringify(name)}, which is not in the package.`
      findings.add('corruption', { id: 'ova-member-missing', message, remedy })
      continue
    }
    if (kind === null || !startHash) {
      const message = `The ${algorithm} of ${JSON.stringify(name)} cannot be computed here.`
      findings.add('remark', {
        id: 'ova-digest-not-compared',
        message,
        remedy: 'Compare it with another program.',
      })
      continue
    }
    const key = `${kind} ${member.start}`
    const actual = found.get(key) ?? (await digestOf(source, member, { hash: await startHash(kind), signal }))
    found.set(key, actual)
    compared += 1
    if (actual === digest) continue
    const message = `${JSON.stringify(name)} has the ${algorithm} ${actual}, the manifest says ${digest}.`
    findings.add('corruption', { id: 'ova-digest-differs', message, remedy, offset: member.start })
  }
  return compared === manifest.length
}

interface Hashing {
  readonly hash: StreamHash
  readonly signal: AbortSignal | undefined
}

async function digestOf(
  source: ByteSource,
  { name, start, size }: TarMember,
  { hash, signal }: Hashing,
): Promise<string> {
  for await (const piece of readPieces(source, { start, end: start + size }, name)) {
    signal?.throwIfAborted()
    hash.update(piece)
  }
  return hash.hex()
}

function isKnown(algorithm: string): algorithm is keyof typeof algorithms {
  return Object.hasOwn(algorithms, algorithm)
}
