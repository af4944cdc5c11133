import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import type { CheckOptions, CheckReport, FindingList } from '../check-report.ts'
import { guardedCheck } from '../guarded-check.ts'
import type { ImageFile, ImagePorts } from '../image-files.ts'
import { checkVmdk } from '../vmdk/check.ts'
import type { ManifestLine } from './manifest.ts'
import { readOva } from './package-contents.ts'
import type { TarMember } from './tar.ts'

const pieceSize = 1024 * 1024
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
    for (const finding of disk.findings) findings.adopt(finding.kind, finding)
    const checked = ['archive', 'description', ...disk.checked]
    if (Array.isArray(manifest)) {
      const isWhole = await compareDigests(file.source, { manifest, members, findings }, ports, options)
      if (isWhole) checked.push('digests of the manifest')
    } else if (manifest === 'unreadable') {
      const message = 'Its manifest cannot be understood, so nothing in it vouches for the disk.'
      findings.add('remark', { id: 'ova-manifest-unreadable', message, remedy })
    }
    const { allocatedBytes, leakedBytes } = disk.totals
    return { checked, allocatedBytes, leakedBytes }
  })
}

interface Package {
  readonly manifest: readonly ManifestLine[]
  readonly members: readonly TarMember[]
  readonly findings: FindingList
}

/** Whether all digests could be compared. */
async function compareDigests(
  source: ByteSource,
  { manifest, members, findings }: Package,
  { startHash }: ImagePorts,
  options: CheckOptions,
): Promise<boolean> {
  let compared = 0
  for (const { name, algorithm, digest } of manifest) {
    const kind = isKnown(algorithm) ? algorithms[algorithm] : null
    const member = members.find((each) => each.name === name)
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
    const hash = await startHash(kind)
    for (let done = 0; done < member.size; done += pieceSize) {
      options.signal?.throwIfAborted()
      const end = member.start + Math.min(member.size, done + pieceSize)
      hash.update(await readRange(source, { start: member.start + done, end }, name))
    }
    compared += 1
    const found = hash.hex()
    if (found === digest) continue
    const message = `${JSON.stringify(name)} has the ${algorithm} ${found}, the manifest says ${digest}.`
    findings.add('corruption', { id: 'ova-digest-differs', message, remedy, offset: member.start })
  }
  return compared === manifest.length
}

function isKnown(algorithm: string): algorithm is keyof typeof algorithms {
  return Object.hasOwn(algorithms, algorithm)
}
