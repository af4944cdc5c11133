import { readRange } from '../../binary/byte-source.ts'
import { formatRules } from '../../image/format-rules.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { notNameable } from '../../image/parent-image.ts'
import { changedRuns, nameLikeBefore, type NewParent, type RepointPlan } from '../../image/repoint.ts'
import { encodeName, extension } from './encode-header.ts'
import { hasFeature, incompatibleFeatures } from './feature-bits.ts'
import { eachExtension, extensionTypes, readBackingName } from './header-extensions.ts'
import { extensionHead, headerStart, readHeader, type Qcow2Header } from './header.ts'

/**
 * The first cluster with another backing file: the header, every extension as it was but for the backing format, then the
 * name (qcow2.rst: nothing else may lie in that cluster).
 */
export async function repointQcow2(file: ImageFile, parent: NewParent): Promise<RepointPlan> {
  const { source, path } = file
  const header = await readHeader(source, path)
  if (hasFeature(header.incompatible, incompatibleFeatures.corrupt))
    throw notNameable(path, 'it is marked as corrupt', 'Check and repair it first: varve check.')
  const driver = formatRules[parent.facts.format].qemuDriver
  if (driver === null)
    throw notNameable(
      path,
      `QEMU cannot read ${formatRules[parent.facts.format].label}`,
      'Convert the new parent to qcow2 or raw first.',
    )
  const old = await readBackingName(source, header, path)
  const name = withoutDriver(nameLikeBefore(old ?? undefined, parent))
  const first = await readRange(source, { start: 0, end: Math.min(header.clusterSize, source.size) })
  const cluster = new Uint8Array(header.clusterSize)
  cluster.set(first)
  const extensions = await otherExtensions(file, header)
  const bytes = encode({ cluster, header, path }, { name, driver, extensions })
  return {
    says: [`The backing file becomes ${JSON.stringify(name)}, its format ${driver}.`],
    writes: changedRuns(first, bytes, 0),
  }
}

/** A colon before the first slash would be taken for a driver. */
function withoutDriver(name: string): string {
  return /^[^/]*:/u.test(name) && !/^[a-z]:[\\/]/iu.test(name) ? `./${name}` : name
}

async function otherExtensions({ source, path }: ImageFile, header: Qcow2Header): Promise<Uint8Array[]> {
  const kept: Uint8Array[] = []
  for await (const { type, body } of eachExtension(source, header, path))
    if (type !== extensionTypes.backingFormat) kept.push(extension(type, body))
  return kept
}

interface FirstCluster {
  readonly cluster: Uint8Array
  readonly header: Qcow2Header
  readonly path: string
}

interface Backing {
  readonly name: string
  readonly driver: string
  readonly extensions: readonly Uint8Array[]
}

function encode({ cluster, header, path }: FirstCluster, { name, driver, extensions }: Backing): Uint8Array {
  const nameBytes = encodeName(name)
  const parts = [
    extension(extensionTypes.backingFormat, new TextEncoder().encode(driver)),
    ...extensions,
    extensionHead.write({ type: extensionTypes.end, length: 0 }),
  ]
  const nameAt = header.headerLength + parts.reduce((sum, part) => sum + part.length, 0)
  if (nameAt + nameBytes.length > header.clusterSize)
    throw notNameable(
      path,
      `a name of ${nameBytes.length} bytes does not fit behind its header extensions into the first cluster of ${header.clusterSize} bytes`,
      'Put the new parent where it has a shorter path.',
    )
  const bytes = cluster.slice()
  bytes.set(
    headerStart.write({
      ...headerStart.read(cluster, path),
      backingFileOffset: nameAt,
      backingFileSize: nameBytes.length,
    }),
  )
  let at = header.headerLength
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  bytes.set(nameBytes, nameAt)
  const oldEnd = header.backingFileOffset + header.backingFileSize
  bytes.fill(0, nameAt + nameBytes.length, Math.max(nameAt + nameBytes.length, oldEnd))
  return bytes
}
