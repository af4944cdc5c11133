import type { DiskWriterOptions } from '../../image/disk-writer.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { WriteChoices } from '../../image/image-choices.ts'
import { featureNames, incompatibleFeatures } from './feature-bits.ts'
import { extensionTypes, longestName } from './header-extensions.ts'
import {
  extensionHead,
  featureNameEntry,
  headerMore,
  headerStart,
  headerVersion3,
  qcowMagic,
} from './header.ts'
import { clusterBits, clusterSize, type Qcow2Layout } from './layout.ts'

const headerLength = headerStart.size + headerVersion3.size + headerMore.size

export interface HeaderOptions {
  readonly compression: DiskWriterOptions['compression']
  readonly choices: WriteChoices
}

/** The first cluster of a new image: header, header extensions, backing file name. */
export function encodeHeader(layout: Qcow2Layout, { compression, choices }: HeaderOptions): Uint8Array {
  const { backing, extendedL2 = false } = choices
  const isZstd = compression === 'zstd'
  const backingName = backing ? encodeName(backing.name) : new Uint8Array()
  const extensions = [
    ...(backing ? [extension(extensionTypes.backingFormat, new TextEncoder().encode(backing.format))] : []),
    extension(extensionTypes.featureNames, joined(featureNames.map(encodeFeatureName))),
    extensionHead.write({ type: extensionTypes.end, length: 0 }),
  ]
  const nameAt = headerLength + extensions.reduce((sum, { length }) => sum + length, 0)
  return joined([
    headerStart.write({
      magic: qcowMagic,
      version: 3,
      backingFileOffset: backing ? nameAt : 0,
      backingFileSize: backingName.length,
      clusterBits,
      virtualSize: layout.virtualSize,
      cryptMethod: 0,
      l1Size: layout.l1Entries,
      l1TableOffset: layout.l1At * clusterSize,
      refcountTableOffset: layout.refcountTableAt * clusterSize,
      refcountTableClusters: layout.refcountTableClusters,
      snapshotCount: 0,
      snapshotsOffset: 0,
    }),
    headerVersion3.write({
      incompatibleHigh: 0,
      incompatibleLow:
        (isZstd ? 2 ** incompatibleFeatures.compressionType : 0) +
        (extendedL2 ? 2 ** incompatibleFeatures.extendedL2 : 0),
      compatibleHigh: 0,
      compatibleLow: 0,
      autoclearHigh: 0,
      autoclearLow: 0,
      refcountOrder: 4,
      headerLength,
    }),
    headerMore.write({ compressionType: isZstd ? 1 : 0, padding: new Uint8Array(7) }),
    ...extensions,
    backingName,
  ])
}

/** The name of a backing file as it is stored; throws `refused` for one that no header can hold. */
export function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name)
  if (name !== '' && name.isWellFormed() && !name.includes('\0') && bytes.length <= longestName) return bytes
  throw new DiskError('refused', {
    file: name,
    reason: `the name of a backing file is text of at most ${longestName} bytes`,
    remedy: 'Put the backing file where it has a shorter path.',
  })
}

/** qcow2.rst, "Header extensions": each is padded to a multiple of 8 bytes. */
export function extension(type: number, body: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(body.length / 8) * 8)
  padded.set(body)
  return joined([extensionHead.write({ type, length: body.length }), padded])
}

function encodeFeatureName({ type, bit, name }: (typeof featureNames)[number]): Uint8Array {
  const bytes = new Uint8Array(46)
  new TextEncoder().encodeInto(name, bytes)
  return featureNameEntry.write({ type, bit, name: bytes })
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
