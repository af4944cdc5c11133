import { asifHeader } from '@varve/core/formats/asif/header'
import type { FormatName } from '@varve/core/image/format-rules'
import { headerBlock, sparseHeader } from '@varve/core/formats/sparseimage/header'
import { buildUdif, sectorsOf } from '@varve/core/formats/udif/testing/build-udif'
import { buildLog, buildLogEntry } from '@varve/core/formats/vhdx/testing/build-log'
import { batAt, buildVhdx } from '@varve/core/formats/vhdx/testing/build-vhdx'
import { buildTar } from '@varve/core/formats/ova/testing/build-tar'
import { buildVmdk, grain } from '@varve/core/formats/vmdk/testing/build-vmdk'
import { buildCowd, buildSeSparse, esxDescriptor } from '@varve/core/formats/vmdk/testing/build-esx'
import { deflateSync } from 'node:zlib'
import type { Seed } from './seed.ts'

const mib = 1024 * 1024

/** Images of the formats and kinds that no tool here writes, from the builders of the tests. */
export function handmadeSeeds(): Seed[] {
  return [sparseimage(), sparsebundle(), asif(), ova(), udif(), ...esx(), vhdxWithLog()]
}

function seed(name: string, group: FormatName, files: Readonly<Record<string, Uint8Array>>): Seed {
  const [top = ''] = Object.keys(files)
  return { name: `handmade ${name}`, group, top, format: group, files }
}

function sparseimage(): Seed {
  const bytes = new Uint8Array(headerBlock + 4 * 4096)
  bytes.set(sparseHeader.write({ signature: 'sprs', version: 3, sectorsPerBand: 8, flags: 1, sectors: 60 }))
  const view = new DataView(bytes.buffer)
  for (const [index, band] of [3, 1, 8, 6].entries()) view.setUint32(64 + index * 4, band)
  bytes.fill(5, headerBlock)
  return seed('sparseimage', 'sparseimage', { '/a.sparseimage': bytes })
}

function sparsebundle(): Seed {
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>CFBundleInfoDictionaryVersion</key><string>6.0</string>
<key>band-size</key><integer>4096</integer><key>bundle-backingstore-version</key><integer>1</integer>
<key>diskimage-bundle-type</key><string>com.apple.diskimage.sparsebundle</string>
<key>size</key><integer>70144</integer></dict></plist>`
  return seed('sparsebundle', 'sparsebundle', {
    '/a.sparsebundle/Info.plist': new TextEncoder().encode(text),
    '/a.sparsebundle/token': new Uint8Array(0),
    '/a.sparsebundle/bands/0': new Uint8Array(4096).fill(1),
    '/a.sparsebundle/bands/a': new Uint8Array(100).fill(10),
    '/a.sparsebundle/bands/11': new Uint8Array(4096).fill(17),
  })
}

function asif(): Seed {
  const chunk = 65_536
  const bytes = new Uint8Array(5 * chunk)
  const header = {
    signature: 'shdw',
    version: 1,
    headerSize: 512,
    flags: 0,
    directoryA: 512,
    directoryB: 1024,
    uuid: new Uint8Array(16).fill(6),
    sectorCount: (2100 * chunk) / 512,
    maxSectorCount: 2 ** 40,
    chunkSize: chunk,
    blockSize: 512,
    segments: 0,
    metadataChunk: 0,
  }
  bytes.set(asifHeader.write(header))
  const view = new DataView(bytes.buffer)
  for (const [at, value] of [
    [512, 1n],
    [520, 2n],
    [1024, 2n],
    [1032, 1n],
  ] as const)
    view.setBigUint64(at, value)
  for (const [entry, place] of [
    [0, 4n],
    [7, 3n],
    [2047, 3n],
    [2049, 4n],
  ] as const)
    view.setBigUint64(chunk + entry * 8, 0xc000_0000_0000_0000n | place)
  bytes.fill(3, 3 * chunk, 3 * chunk + 700).fill(4, 4 * chunk, 4 * chunk + 700)
  return seed('asif', 'asif', { '/a.asif': bytes })
}

/** A manifest that names one file thousands of times. */
function ova(): Seed {
  const ovf =
    '<Envelope><References><File id="f" href="a.vmdk"/></References><DiskSection><Disk diskId="d" fileRef="f" capacity="9"/></DiskSection></Envelope>'
  const bytes = buildTar([
    ['a.ovf', ovf],
    ['a.mf', `SHA512(a.vmdk)= ${'ab'.repeat(64)}\n`.repeat(3000)],
    ['./a.vmdk', buildVmdk({ grains: { 0: grain(1), 5: grain(2) }, isCompressed: true })],
  ])
  return seed('ova that names a file often', 'ova', { '/a.ova': bytes })
}

function udif(): Seed {
  const bytes = buildUdif({
    sectors: 20,
    tables: [
      [
        { type: 0x8000_0005, sector: 0, sectors: 4, data: deflateSync(sectorsOf(4, 7)) },
        { type: 0, sector: 4, sectors: 2 },
        { type: 1, sector: 6, sectors: 2, data: sectorsOf(2, 9) },
      ],
      [
        { type: 2, sector: 8, sectors: 2 },
        { type: 0x8000_0004, sector: 10, sectors: 1, data: Uint8Array.of(0x80, 5, 0x7f, 0, 0, 0x7f, 0, 0) },
        { type: 0x8000_0005, sector: 11, sectors: 9, data: deflateSync(sectorsOf(9, 3)) },
      ],
    ],
  })
  return seed('udif', 'udif', { '/a.dmg': bytes })
}

function esx(): Seed[] {
  const sectors = 8 * 5000
  const grains = { 0: new Uint8Array(4096).fill(7), 4100: new Uint8Array(4096).fill(8) }
  const kinds = [
    [
      'VMFSSPARSE',
      'vmfsSparse',
      buildCowd(sectors, { 0: new Uint8Array(512).fill(7), 9000: new Uint8Array(512).fill(8) }),
    ],
    ['SESPARSE', 'seSparse', buildSeSparse(sectors, grains)],
  ] as const
  return kinds.map(([type, createType, image]) => {
    const descriptor = esxDescriptor(`RW ${sectors} ${type} "vm-delta.vmdk"`, { createType })
    return seed(createType, 'vmdk', {
      '/lib/vm.vmdk': new TextEncoder().encode(descriptor),
      '/lib/vm-delta.vmdk': image,
    })
  })
}

/** A VHDX whose BAT is only in its log. */
function vhdxWithLog(): Seed {
  const table = new Uint8Array(4096)
  const view = new DataView(table.buffer)
  view.setBigUint64(8, (4n << 20n) | 6n, true)
  view.setBigUint64(16, (5n << 20n) | 6n, true)
  const size = 6 * mib
  const offsets = { flushedFileOffset: size, lastFileOffset: size }
  const log = buildLog([
    [0, buildLogEntry({ sequenceNumber: 1, writes: [{ at: batAt, sector: table }], ...offsets })],
    [
      8192,
      buildLogEntry({
        sequenceNumber: 2,
        tail: 0,
        writes: [{ at: batAt + 8192, zeroLength: 4096 }],
        ...offsets,
      }),
    ],
  ])
  const patches = [{ at: 4 * mib, bytes: new Uint8Array(800).fill(9) }]
  return seed('vhdx with a log', 'vhdx', {
    '/log.vhdx': buildVhdx({ virtualSize: 4 * mib, blockSize: mib, log, patches, fileSize: size }),
  })
}
