import { deriveUuid } from '../../binary/derive-uuid.ts'
import { formatUuid } from '../../binary/uuid.ts'
import type { DiskWriter, DiskWriterOptions, FileWrite, WriterFormat } from '../../image/disk-writer.ts'
import { vmdkWriter } from '../vmdk/writer.ts'
import { manifestText } from './manifest.ts'
import { blockSize, tarHeader } from './tar.ts'
import { ovfBytes } from './write-ovf.ts'

const subformat = 'streamOptimized'
/** Room for the description, which comes first but knows the size of what follows. */
const ovfSize = 8192
const ovfAt = blockSize
const diskAt = ovfAt + ovfSize + blockSize
/** Two blocks of zeros. */
const endSize = 2 * blockSize
/** Bytes of a digest in hexadecimal. */
const digestLength = 64
const maxStem = 80
/** What the description asks for when nobody says it. */
const usualMachine = { cpus: 1, memory: 1024 ** 3, firmware: 'bios' } as const

/**
 * Writes OVA: a tar of an OVF description, a stream-optimized VMDK and a manifest with SHA-256 of both. The description
 * has a fixed size, so that the disk can be written before it is known.
 */
export const ovaWriter: WriterFormat = {
  format: 'ova',
  unit: vmdkWriter.unit,
  hasIdentity: true,
  stateSize: (options) => vmdkWriter.stateSize({ ...options, subformat }),
  open: openOvaWriter,
  measure: (options) => diskAt + vmdkWriter.measure({ ...options, subformat }) + 2 * blockSize + endSize,
}

function openOvaWriter(options: DiskWriterOptions): DiskWriter {
  const { virtualSize, name, id, choices } = options
  const stem = stemOf(name)
  const names = { ovf: `${stem}.ovf`, disk: `${stem}-disk1.vmdk`, manifest: `${stem}.mf` }
  const disk = vmdkWriter.open({ ...options, subformat, name: names.disk })
  const manifestOf = (ovf: string, vmdk: string) =>
    new TextEncoder().encode(
      manifestText([
        { name: names.ovf, sha256: ovf },
        { name: names.disk, sha256: vmdk },
      ]),
    )
  const manifestSize = manifestOf('0'.repeat(digestLength), '0'.repeat(digestLength)).length
  const manifestAt = () => diskAt + toBlocks(disk.fileSize())
  const fileSize = () => manifestAt() + blockSize + toBlocks(manifestSize) + endSize
  return {
    prepare: (index, chunk) => disk.prepare(index, chunk),
    place: (prepared) => disk.place(prepared),
    writes: (prepared) => shifted(disk.writes(prepared)),
    *finish() {
      yield* shifted(disk.finish())
      const diskFileSize = disk.fileSize()
      yield { at: diskAt - blockSize, bytes: tarHeader(names.disk, diskFileSize) }
      const machine = {
        cpus: choices?.cpus ?? usualMachine.cpus,
        memory: choices?.memory ?? usualMachine.memory,
        firmware: choices?.firmware ?? usualMachine.firmware,
        machineId: formatUuid(deriveUuid(id, 1)),
        diskId: formatUuid(deriveUuid(id, 2)),
      }
      const facts = { name: stem, diskFile: names.disk, diskFileSize, virtualSize, ...machine }
      yield { at: ovfAt, bytes: ovfBytes(facts, ovfSize) }
    },
    fileSize,
    seal: {
      ranges: () => [
        { start: ovfAt, end: ovfAt + ovfSize },
        { start: diskAt, end: diskAt + disk.fileSize() },
      ],
      *writes([ovf = '', vmdk = '']) {
        const manifest = manifestOf(ovf, vmdk)
        const at = manifestAt()
        yield { at, bytes: tarHeader(names.manifest, manifest.length) }
        yield { at: at + blockSize, bytes: manifest }
        yield { at: fileSize() - endSize, bytes: new Uint8Array(endSize) }
        yield { at: 0, bytes: tarHeader(names.ovf, ovfSize) }
      },
    },
  }
}

function* shifted(writes: Iterable<FileWrite>): Generator<FileWrite> {
  for (const { at, bytes } of writes) yield { at: diskAt + at, bytes }
}

function toBlocks(size: number): number {
  return Math.ceil(size / blockSize) * blockSize
}

/** The name without its extension, of characters that a URI, a tar and a manifest all write the same way. */
function stemOf(name = ''): string {
  const stem = name
    .replace(/\.ova$/iu, '')
    .replaceAll(/[^\w.-]/gu, '_')
    .slice(0, maxStem)
  return /^[._-]*$/u.test(stem) ? 'disk' : stem
}
