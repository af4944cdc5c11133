import { blockTable, runSize, sectorSize, udifTrailer, type UdifTrailer } from '../trailer.ts'

/** A run as it is written: type, first sector of the disk, sectors, and the bytes in the data fork. */
export interface BuiltRun {
  readonly type: number
  readonly sector: number
  readonly sectors: number
  readonly data?: Uint8Array
  /** Instead of the place and the length that the data has. */
  readonly at?: number
  readonly length?: number
}

export interface BuildOptions {
  readonly sectors: number
  /** One block table for each list. */
  readonly tables: readonly (readonly BuiltRun[])[]
  readonly trailer?: Partial<UdifTrailer>
  /** What each table says about its number of runs. */
  readonly runCount?: number
  /** Instead of the property list. */
  readonly xml?: string
}

/** A UDIF image with the data fork first, then the property list and the trailer. */
export function buildUdif({ sectors, tables, trailer = {}, runCount, xml }: BuildOptions): Uint8Array {
  const fork: Uint8Array[] = []
  let forkLength = 0
  const blkx = tables.map((runs) => {
    const table = new Uint8Array(blockTable.size + (runs.length + 1) * runSize)
    const last = runs.at(-1)
    table.set(
      blockTable.write({
        signature: 'mish',
        version: 1,
        firstSector: runs[0]?.sector ?? 0,
        sectorCount: last ? last.sector + last.sectors : 0,
        dataOffset: 0,
        buffersNeeded: 2056,
        descriptor: 0,
        checksumType: 0,
        checksum: 0,
        runCount: runCount ?? runs.length + 1,
      }),
    )
    const view = new DataView(table.buffer)
    runs.forEach(({ type, sector, sectors: count, data = new Uint8Array(0), at, length }, index) => {
      const place = blockTable.size + index * runSize
      view.setUint32(place, type)
      view.setUint32(place + 4, 0xb)
      view.setBigUint64(place + 8, BigInt(sector - (runs[0]?.sector ?? 0)))
      view.setBigUint64(place + 16, BigInt(count))
      view.setBigUint64(place + 24, BigInt(at ?? forkLength))
      view.setBigUint64(place + 32, BigInt(length ?? data.length))
      fork.push(data)
      forkLength += data.length
    })
    view.setUint32(blockTable.size + runs.length * runSize, 0xffff_ffff)
    return table
  })
  const list = new TextEncoder().encode(xml ?? propertyList(blkx))
  const end = udifTrailer.write({
    signature: 'koly',
    version: 4,
    headerSize: 512,
    flags: 1,
    runningDataForkOffset: 0,
    dataForkOffset: 0,
    dataForkLength: forkLength,
    resourceForkOffset: 0,
    resourceForkLength: 0,
    segmentNumber: 1,
    segmentCount: 1,
    segmentId: new Uint8Array(16),
    dataChecksumType: 0,
    dataChecksumBits: 0,
    dataChecksum: 0,
    xmlOffset: forkLength,
    xmlLength: list.length,
    masterChecksumType: 0,
    masterChecksumBits: 0,
    masterChecksum: 0,
    imageVariant: 1,
    sectorCount: sectors,
    ...trailer,
  })
  return concat([...fork, list, end])
}

/** `count` sectors of one byte. */
export function sectorsOf(count: number, fill: number): Uint8Array {
  return new Uint8Array(count * sectorSize).fill(fill)
}

function propertyList(tables: readonly Uint8Array[]): string {
  const entries = tables.map(
    (table) => `<dict><key>Attributes</key><string>0x0050</string><key>Data</key><data>
${base64(table)}</data><key>Name</key><string>disk image (Apple_HFS : 4) &amp; more</string></dict>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>resource-fork</key><dict><key>blkx</key><array>${entries.join('')}</array></dict></dict></plist>`
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll(/.{44}/gu, '$&\n\t\t\t\t')
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
