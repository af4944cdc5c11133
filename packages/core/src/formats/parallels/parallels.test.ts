import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import type { ImagePorts } from '../../image/image-files.ts'
import { hdsHeader, type HdsHeader } from './header.ts'

const sector = 512
const nil = '{00000000-0000-0000-0000-000000000000}'
const top = '{5fbaabe3-6958-40ff-92a7-860e329aab41}'
const base = '{11111111-2222-3333-4444-555555555555}'

const header: HdsHeader = {
  magic: 'WithouFreSpacExt',
  version: 2,
  heads: 16,
  cylinders: 1,
  tracks: 2,
  batEntries: 4,
  sectors: 8,
  sectorsHigh: 0,
  inUse: 0,
  dataOffset: 2,
  flags: 0,
  extensionOffset: 0,
}

/** An image of 4 clusters of 2 sectors; `clusters` maps cluster to fill byte. */
function hds(clusters: Readonly<Record<number, number>>, change: Partial<HdsHeader> = {}): Uint8Array {
  const used = { ...header, ...change }
  const bytes = new Uint8Array((1 + 4) * 2 * sector)
  bytes.set(hdsHeader.write(used))
  const view = new DataView(bytes.buffer)
  let place = 1
  for (const [cluster, fill] of Object.entries(clusters)) {
    view.setUint32(64 + Number(cluster) * 4, used.magic === 'WithouFreSpacExt' ? place : place * 2, true)
    bytes.fill(fill, place * 2 * sector, (place + 1) * 2 * sector)
    place += 1
  }
  return bytes
}

async function clustersOf(path: string, ports: ImagePorts, size = 2 * sector): Promise<number[]> {
  await using chain = await openChain(path, ports)
  const bytes = new Uint8Array(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return Array.from({ length: bytes.length / size }, (_, index) => {
    const cluster = new Set(bytes.subarray(index * size, (index + 1) * size))
    expect(cluster.size).toBe(1)
    return [...cluster][0] ?? -1
  })
}

interface Described {
  readonly storages: readonly {
    start: number
    end: number
    images: readonly (readonly [string, string, string])[]
  }[]
  readonly shots?: readonly (readonly [guid: string, parent: string])[]
  readonly topGuid?: string
  readonly size?: number
  readonly extra?: string
}

function descriptor({ storages, shots = [], topGuid, size = 8, extra = '' }: Described): Uint8Array {
  const image = ([guid, type, file]: readonly [string, string, string]) =>
    `<Image><GUID>${guid}</GUID><Type>${type}</Type><File>${file}</File></Image>`
  return new TextEncoder().encode(`<?xml version='1.0' encoding='UTF-8'?>
<Parallels_disk_image Version="1.0"><Disk_Parameters><Disk_size>${size}</Disk_size>
<Cylinders>1</Cylinders><Heads>1</Heads><Sectors>${size}</Sectors><Padding>0</Padding>${extra}
<UID>{18162A18-c23a-4f90-8a9d-b7c93a4ef2a6}</UID></Disk_Parameters><StorageData>${storages
    .map(
      ({ start, end, images }) =>
        `<Storage><Start>${start}</Start><End>${end}</End><Blocksize>2</Blocksize>${images.map(image).join('')}</Storage>`,
    )
    .join('')}</StorageData><Snapshots>${topGuid === undefined ? '' : `<TopGUID>${topGuid}</TopGUID>`}${shots
    .map(([guid, parent]) => `<Shot><GUID>${guid}</GUID><ParentGUID>${parent}</ParentGUID></Shot>`)
    .join('')}</Snapshots></Parallels_disk_image>`)
}

const single = {
  storages: [{ start: 0, end: 8, images: [[top, 'Compressed', 'a.hds']] as const }],
  shots: [[top, nil]] as const,
}

describe('.hds', () => {
  test.each(['WithoutFreeSpace', 'WithouFreSpacExt'])('%s: the BAT counts in its own unit', async (magic) => {
    const { ports } = memoryFiles({ '/a.hds': hds({ 0: 7, 2: 9 }, { magic }) })
    expect(await clustersOf('/a.hds', ports)).toEqual([7, 0, 9, 0])
  })

  test('version 1 knows 32 bits of the size, version 2 all', async () => {
    const first = hds({ 0: 7 }, { magic: 'WithoutFreeSpace', sectorsHigh: 5 })
    expect(await clustersOf('/a.hds', memoryFiles({ '/a.hds': first }).ports)).toEqual([7, 0, 0, 0])
    const second = memoryFiles({ '/a.hds': hds({ 0: 7 }, { sectorsHigh: 5 }) })
    await expect(openChain('/a.hds', second.ports)).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('an image left open is said, and read', async () => {
    const { ports } = memoryFiles({ '/a.hds': hds({ 0: 7 }, { inUse: 0x746f_6e59 }) })
    expect((await inspectChain('/a.hds', ports)).problems.map(({ id }) => id)).toEqual(['parallels-in-use'])
    expect(await clustersOf('/a.hds', ports)).toEqual([7, 0, 0, 0])
  })

  test.each([
    ['version', { version: 3 }, 'unsupported-feature'],
    ['a cluster of nothing', { tracks: 0 }, 'corrupt'],
    ['a huge cluster', { tracks: 0xffff_ffff }, 'corrupt'],
    ['a BAT beyond the limit', { batEntries: 0xffff_ffff }, 'limit-exceeded'],
    ['a BAT beyond the file', { batEntries: 0x10_0000 }, 'truncated'],
    ['a BAT that is too short', { batEntries: 3 }, 'corrupt'],
    ['a size beyond 2^53', { sectorsHigh: 0xffff_ffff }, 'limit-exceeded'],
  ])('%s is refused', async (_, change, code) => {
    const { ports, open } = memoryFiles({ '/a.hds': hds({ 0: 7 }, change) })
    await expect(openChain('/a.hds', ports)).rejects.toMatchObject({ code })
    expect((await inspectChain('/a.hds', ports)).problems.map(({ id }) => id)).toEqual([code])
    expect(open.size).toBe(0)
  })

  test.each([
    ['past the end of the file', 1000],
    ['inside the BAT', 0],
  ])('a cluster %s is refused', async (_, place) => {
    const bytes = hds({ 1: 7 }, { magic: 'WithoutFreeSpace', tracks: 2 })
    new DataView(bytes.buffer).setUint32(68, place, true)
    const shifted = place === 0 ? hds({ 1: 7 }, { batEntries: 500 }) : bytes
    const { ports } = memoryFiles({ '/a.hds': shifted })
    await using chain = await openChain('/a.hds', ports)
    await expect(chain.disk.readInto(new Uint8Array(4096), 0)).rejects.toMatchObject({ code: 'corrupt' })
  })
})

describe('bundles', () => {
  test('folder, descriptor and the empty file are the disk; every file is known', async () => {
    const files = {
      '/b.hdd/DiskDescriptor.xml': descriptor(single),
      '/b.hdd/b.hdd': new Uint8Array(0),
      '/b.hdd/a.hds': hds({ 1: 5 }),
    }
    const { ports, open } = memoryFiles(files)
    for (const path of ['/b.hdd', '/b.hdd/', '/b.hdd/DiskDescriptor.xml', '/b.hdd/b.hdd', '/b.hdd/a.hds']) {
      expect(await clustersOf(path, ports)).toEqual([0, 5, 0, 0])
    }
    await using chain = await openChain('/b.hdd', ports)
    expect(chain.files.map(({ path }) => path)).toEqual(['/b.hdd/DiskDescriptor.xml', '/b.hdd/a.hds'])
    expect(chain.links[0]).toMatchObject({
      subformat: 'bundle',
      fileSize: files['/b.hdd/DiskDescriptor.xml'].length + files['/b.hdd/a.hds'].length,
      identity: { kind: 'uuid', uuid: '18162a18-c23a-4f90-8a9d-b7c93a4ef2a6' },
    })
    await chain[Symbol.asyncDispose]()
    expect(open.size).toBe(0)
  })

  test('snapshots lie over each other; an image means the disk at its snapshot', async () => {
    const shots = [
      [top, base],
      [base, nil],
    ] as const
    const images = [
      [base, 'Compressed', 'base.hds'],
      [top, 'Compressed', '/Users/me/top.hds'],
    ] as const
    const { ports } = memoryFiles({
      '/b.hdd/DiskDescriptor.xml': descriptor({ storages: [{ start: 0, end: 8, images }], shots }),
      '/b.hdd/base.hds': hds({ 0: 1, 1: 1 }),
      '/b.hdd/top.hds': hds({ 1: 2, 3: 2 }),
    })
    expect(await clustersOf('/b.hdd', ports)).toEqual([1, 2, 0, 2])
    expect(await clustersOf('/b.hdd/top.hds', ports)).toEqual([1, 2, 0, 2])
    expect(await clustersOf('/b.hdd/base.hds', ports)).toEqual([1, 1, 0, 0])
    const { links } = await inspectChain('/b.hdd', ports)
    expect(links[0].facts.snapshots.map(({ id }) => id)).toEqual([base])
  })

  test('split disks: expanding and plain storages follow each other', async () => {
    const storages = [
      { start: 8, end: 12, images: [[top, 'Plain', 'b.raw']] as const },
      { start: 0, end: 8, images: [[top, 'Compressed', 'a.hds']] as const },
    ]
    const { ports } = memoryFiles({
      '/b.hdd/DiskDescriptor.xml': descriptor({ storages, shots: [[top, nil]], size: 12 }),
      '/b.hdd/a.hds': hds({ 0: 3 }),
      '/b.hdd/b.raw': new Uint8Array(4 * sector).fill(6),
    })
    expect(await clustersOf('/b.hdd', ports)).toEqual([3, 0, 0, 0, 6, 6])
    expect(await clustersOf('/b.hdd/a.hds', ports)).toEqual([3, 0, 0, 0, 6, 6])
  })

  test.each<[string, Described, string]>([
    [
      'a loop of snapshots',
      {
        ...single,
        shots: [
          [top, base],
          [base, top],
        ],
      },
      'chain-loop',
    ],
    ['a missing parent snapshot', { ...single, shots: [[top, base]] }, 'parent-missing'],
    [
      'a missing image',
      { ...single, storages: [{ start: 0, end: 8, images: [[top, 'Plain', 'x']] }] },
      'extent-file-missing',
    ],
    [
      'no image of the snapshot',
      { ...single, storages: [{ start: 0, end: 8, images: [] }] },
      'extent-file-missing',
    ],
    ['a gap', { ...single, size: 9 }, 'corrupt'],
    ['an unknown top', { ...single, topGuid: base }, 'corrupt'],
    [
      'another kind of image',
      { ...single, storages: [{ start: 0, end: 8, images: [[top, 'Odd', 'a.hds']] }] },
      'unsupported-feature',
    ],
    [
      'an image that is too short',
      {
        storages: [{ start: 0, end: 9, images: [[top, 'Compressed', 'a.hds']] }],
        shots: [[top, nil]],
        size: 9,
      },
      'truncated',
    ],
    [
      'a driver as file name',
      { ...single, storages: [{ start: 0, end: 8, images: [[top, 'Plain', 'nbd:x:1']] }] },
      'reference-refused',
    ],
    [
      'one file twice',
      {
        size: 16,
        shots: [[top, nil]],
        storages: [0, 8].map((start) => ({
          start,
          end: start + 8,
          images: [[top, 'Compressed', 'a.hds']] as const,
        })),
      },
      'corrupt',
    ],
    ['encryption', { ...single, extra: '<Encryption><Engine>{abc}</Engine></Encryption>' }, 'encrypted'],
    [
      'sectors of 4096 bytes',
      { ...single, extra: '<LogicSectorSize>4096</LogicSectorSize>' },
      'unsupported-feature',
    ],
  ])('%s is refused', async (_, described, code) => {
    const { ports, open } = memoryFiles({
      '/b.hdd/DiskDescriptor.xml': descriptor(described),
      '/b.hdd/a.hds': hds({ 0: 3 }),
    })
    await expect(openChain('/b.hdd', ports)).rejects.toMatchObject({ code })
    const { problems } = await inspectChain('/b.hdd', ports)
    expect(problems.map(({ id }) => id)).toContain(code)
    expect(open.size).toBe(0)
  })

  test('a geometry that is not the size is said', async () => {
    const files = {
      '/b.hdd/DiskDescriptor.xml': descriptor({ ...single, extra: '<Padding>1</Padding>' }),
      '/b.hdd/a.hds': hds({}),
    }
    const text = new TextDecoder()
      .decode(files['/b.hdd/DiskDescriptor.xml'])
      .replace('<Padding>0</Padding>', '')
      .replace('<Heads>1<', '<Heads>2<')
    files['/b.hdd/DiskDescriptor.xml'] = new TextEncoder().encode(text)
    const { problems } = await inspectChain('/b.hdd', memoryFiles(files).ports)
    expect(problems.map(({ id }) => id)).toEqual(['parallels-geometry', 'parallels-padding'])
  })

  test('a plain folder stays no image', async () => {
    const { ports } = memoryFiles({ '/f/x.img': new Uint8Array(512) })
    await expect(openChain('/f', ports)).rejects.toMatchObject({ code: 'not-an-image' })
  })

  test('a file named as raw cannot be a descriptor', async () => {
    const { ports } = memoryFiles({ '/x.img': descriptor(single), '/a.hds': hds({}) })
    await expect(openChain('/x.img', ports)).rejects.toMatchObject({ code: 'refused' })
  })
})
