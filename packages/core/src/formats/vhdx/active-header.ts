import { readRange } from '../../binary/byte-source.ts'
import { isNil } from '../../binary/uuid.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { hasRightChecksum } from './checksum.ts'
import { damaged, header, headersAt, mib, type VhdxHeader } from './header.ts'

/** The header in force, and what is wrong with its copy. */
export interface ActiveHeader {
  readonly header: VhdxHeader
  /** Whether the log holds writes that must be replayed. */
  readonly isDirty: boolean
  readonly problems: readonly Problem[]
}

interface Candidate {
  readonly at: number
  readonly bytes: Uint8Array
  readonly header: VhdxHeader
}

/** Of the two headers the valid one with the higher sequence number ([MS-VHDX] 2.2.2); throws `corrupt` without one. */
export async function readActiveHeader({ source, path }: ImageFile): Promise<ActiveHeader> {
  const copies = await Promise.all(
    headersAt.map(async (at) => {
      const bytes = await readRange(source, { start: at, end: at + header.size }, 'VHDX header')
      return { at, bytes, header: readHeader(bytes, path) }
    }),
  )
  const candidates = copies.flatMap(({ at, bytes, header: read }): Candidate[] =>
    read ? [{ at, bytes, header: read }] : [],
  )
  const [first, second] = candidates
  if (!first) {
    const reason = 'neither header has the right signature and checksum'
    throw damaged(path, 'VHDX header', { reason, offset: headersAt[0] ?? 0 })
  }
  const active =
    second && second.header.sequenceNumber > first.header.sequenceNumber ? second.header : first.header
  if (second && second.header.sequenceNumber === first.header.sequenceNumber && !isSame(first, second)) {
    const reason = `both headers have sequence number ${first.header.sequenceNumber} and say different things`
    throw damaged(path, 'VHDX header', { reason, offset: first.at })
  }
  checkHeader(active, path)
  const lost = second ? null : headersAt.find((at) => at !== first.at)
  return {
    header: active,
    isDirty: !isNil(active.logGuid),
    problems: lost === null || lost === undefined ? [] : [copyDamaged(path, 'header', lost)],
  }
}

/** A copy of a structure is damaged and the other one is used. */
export function copyDamaged(file: string, what: 'header' | 'region table', offset: number): Problem {
  return {
    id: 'vhdx-copy-damaged',
    severity: 'warn',
    layer: 'L2',
    file,
    message: `One of the two copies of the ${what} is damaged; the other one is used.`,
    remedy: 'Compare the disk with another copy, then convert it to a new image.',
    offset,
  }
}

function readHeader(bytes: Uint8Array, path: string): VhdxHeader | null {
  if (!hasRightChecksum(bytes)) return null
  try {
    const read = header.read(bytes, path)
    return read.signature === 'head' ? read : null
  } catch (error) {
    if (isDiskError(error, 'limit-exceeded')) return null
    throw error
  }
}

function isSame(a: Candidate, b: Candidate): boolean {
  return a.bytes.every((byte, index) => byte === b.bytes[index])
}

function checkHeader({ version, logVersion, logGuid, logLength, logOffset }: VhdxHeader, file: string): void {
  if (version !== 1) {
    throw new DiskError('unsupported-feature', { file, format: 'VHDX', feature: `format version ${version}` })
  }
  if (logVersion !== 0 && !isNil(logGuid)) {
    throw new DiskError('unsupported-feature', { file, format: 'VHDX', feature: `log version ${logVersion}` })
  }
  if (logLength % mib !== 0 || logOffset % mib !== 0 || logOffset < mib) {
    const reason = `a log of ${logLength} bytes at ${logOffset} is not in whole MiB behind the headers`
    throw damaged(file, 'VHDX header', { reason, offset: 68 })
  }
}
