import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { memorySource } from '../../binary/byte-source.ts'
import { memoryFiles } from '../../testing/memory-files.ts'
import { inspectImage } from '../../layers/inspect-image.ts'
import { checkImage } from '../../chain/check-image.ts'
import { detectFormat, readFileEnds } from '../../image/detect-format.ts'
import type { ImagePorts } from '../../image/image-files.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { buildVmdk, grain, grainSectors } from '../vmdk/testing/build-vmdk.ts'
import { unitOf } from './ovf.ts'
import { buildTar, type Member } from './testing/build-tar.ts'

const path = '/lib/vm.ova'
const capacity = 64 * grainSectors * 512
const one = buildVmdk({ grains: { 0: grain(1), 5: grain(2) }, isCompressed: true })
const two = buildVmdk({ grains: { 3: grain(9) }, isCompressed: true })

interface DiskSaid {
  readonly href?: string
  readonly file?: string
  readonly disk?: string
  readonly capacity?: string
}

function ovf(disks: readonly DiskSaid[], more = ''): string {
  const files = disks.map(({ href, file = '' }, i) =>
    href === undefined ? '' : `<ovf:File ovf:id="f${i}" ovf:href="${href}" ${file}/>`,
  )
  const lines = disks.map(
    ({ href, disk = '', capacity: said = String(capacity) }, i) =>
      `<ovf:Disk ovf:diskId="vmdisk${i + 1}" ${href === undefined ? '' : `ovf:fileRef="f${i}"`} ovf:capacity="${said}" ${disk}/>`,
  )
  return `<?xml version="1.0"?><ovf:Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"><ovf:References>${files.join('')}</ovf:References><ovf:DiskSection>${lines.join('')}</ovf:DiskSection>${more}</ovf:Envelope>`
}

const single = ovf([{ href: 'a.vmdk' }])
const double = ovf([{ href: 'a.vmdk' }, { href: 'b.vmdk' }])
const bothDisks: readonly Member[] = [
  ['vm.ovf', double],
  ['a.vmdk', one],
  ['b.vmdk', two],
]

function portsOf(members: readonly Member[]): ImagePorts {
  return memoryFiles({ [path]: buildTar(members) }).ports
}

async function contentOf(ports: ImagePorts, at: string, disk?: string): Promise<Buffer> {
  await using chain = await openChain(at, ports, { choices: { disk } })
  const bytes = Buffer.alloc(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

async function plain(vmdk: Uint8Array): Promise<Buffer> {
  return await contentOf(memoryFiles({ '/x.vmdk': vmdk }).ports, '/x.vmdk')
}

async function found(members: readonly Member[], disk?: string) {
  const { report } = await checkImage(path, portsOf(members), { choices: { disk } })
  return report.findings.map(({ id, kind }) => `${kind} ${id}`)
}

describe('a disk of several', () => {
  test.each(['disk2', 'vmdisk2', 'b.vmdk', './b.vmdk', 'B.VMDK', 'DISK2'])('by the name %s', async (name) => {
    const ports = portsOf(bothDisks)
    expect(await contentOf(ports, path, name)).toEqual(await plain(two))
    const { problems } = await inspectChain(path, ports, { choices: { disk: name } })
    expect(problems).toEqual([])
  })

  test('none is named: the first, and the others are said with their names', async () => {
    const ports = portsOf(bothDisks)
    expect(await contentOf(ports, path)).toEqual(await plain(one))
    const { problems, links } = await inspectChain(path, ports)
    expect(problems).toMatchObject([
      { id: 'ova-several-disks', remedy: expect.stringContaining('vm.ova:disk2') },
    ])
    expect(links[0].facts.details).toMatchObject({ disk2: expect.stringContaining('b.vmdk') })
  })

  test('a name that none has is refused with those that there are', async () => {
    await expect(contentOf(portsOf(bothDisks), path, 'disk3')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('disk2 (b.vmdk)'),
    })
  })

  test('an empty disk before it is passed over, and read as zeros when it is named', async () => {
    const members: Member[] = [
      [
        'vm.ovf',
        ovf([{ capacity: '1', disk: 'ovf:capacityAllocationUnits="byte * 2^20"' }, { href: 'a.vmdk' }]),
      ],
      ['a.vmdk', one],
    ]
    expect(await contentOf(portsOf(members), path)).toEqual(await plain(one))
    expect(await contentOf(portsOf(members), path, 'vmdisk1')).toEqual(Buffer.alloc(1024 * 1024))
  })

  test('the tables of all are walked', async () => {
    const cut = two.slice()
    new DataView(cut.buffer).setUint32(44, 0x7fff_fff0, true)
    const members: Member[] = [...bothDisks.slice(0, 2), ['b.vmdk', cut]]
    expect((await found(members)).some((finding) => finding.startsWith('corruption'))).toBe(true)
    expect(await found(members, 'disk1')).toEqual([])
  })
})

describe('how packages are packed', () => {
  test.each<[string, readonly Member[]]>([
    [
      'names with ./',
      [
        ['./vm.ovf', single],
        ['./a.vmdk', one],
      ],
    ],
    [
      'a folder inside',
      [
        ['vm/vm.ovf', single],
        ['vm/a.vmdk', one],
      ],
    ],
    [
      'a folder below the description',
      [
        ['vm.ovf', ovf([{ href: 'disks/a.vmdk' }])],
        ['disks/a.vmdk', one],
      ],
    ],
    [
      'AppleDouble first',
      [
        ['._vm.ovf', 'Mac'],
        ['vm.ovf', single],
        ['._a.vmdk', 'Mac'],
        ['a.vmdk', one],
      ],
    ],
    [
      'the disk first',
      [
        ['a.vmdk', one],
        ['vm.ovf', single],
      ],
    ],
    [
      'a name in other case',
      [
        ['vm.ovf', ovf([{ href: 'A.VMDK' }])],
        ['a.vmdk', one],
      ],
    ],
    [
      'a name as a URI',
      [
        ['vm.ovf', ovf([{ href: 'a%20b.vmdk' }])],
        ['a b.vmdk', one],
      ],
    ],
    [
      'a Windows path',
      [
        ['vm.ovf', ovf([{ href: '.\\a.vmdk' }])],
        ['a.vmdk', one],
      ],
    ],
    [
      'chunks',
      [
        ['vm.ovf', ovf([{ href: 'a.vmdk', file: 'ovf:chunkSize="1000"' }])],
        ...Array.from({ length: Math.ceil(one.length / 1000) }, (_, i): Member => [
          `a.vmdk.${String(i).padStart(9, '0')}`,
          one.slice(i * 1000, (i + 1) * 1000),
        ]),
      ],
    ],
  ])('%s', async (_, members) => {
    expect(await contentOf(portsOf(members), path)).toEqual(await plain(one))
  })

  test('recognised without the name, whatever of it comes first', async () => {
    const starts: Member[][] = [
      [['vm.ovf', single]],
      [
        ['._vm.ovf', 'Mac'],
        ['vm.ovf', single],
      ],
      [
        ['vm.mf', 'x'],
        ['vm.ovf', single],
      ],
      [
        ['a.vmdk', one],
        ['vm.ovf', single],
      ],
    ]
    for (const members of starts) {
      const ends = await readFileEnds(memorySource(buildTar(members), 'x'))
      expect(detectFormat(ends, '/x.img')).toBe('ova')
    }
    const other = await readFileEnds(memorySource(buildTar([['disk.raw', one]]), 'x'))
    expect(detectFormat(other, '/x.img')).not.toBe('ova')
  })

  test('gzip, said and not said, through the port; without the port it is refused by its true reason', async () => {
    const packed = gzipSync(one)
    for (const file of ['ovf:compression="gzip"', '']) {
      const members: Member[] = [
        ['vm.ovf', ovf([{ href: 'a.vmdk.gz', file }])],
        ['a.vmdk.gz', packed],
      ]
      const ports: ImagePorts = {
        ...portsOf(members),
        unpack: async ({ file }) => ({
          ...file,
          source: memorySource(one, 'unpacked'),
          async [Symbol.asyncDispose]() {},
        }),
      }
      expect(await contentOf(ports, path)).toEqual(await plain(one))
      await expect(contentOf(portsOf(members), path)).rejects.toMatchObject({
        code: 'unsupported-feature',
        message: expect.stringContaining('compressed as a whole'),
      })
    }
  })

  test('packed, and not unpacked for an inventory: described and not called damaged', async () => {
    const members: Member[] = [
      ['vm.ovf', ovf([{ href: 'a.vmdk.gz', file: 'ovf:compression="gzip"' }])],
      ['a.vmdk.gz', gzipSync(one)],
    ]
    const report = await inspectImage(path, portsOf(members))
    expect(report).toMatchObject({
      format: 'ova',
      subformat: 'packed by gzip',
      virtualSize: null,
      details: { disk: 'a.vmdk.gz', disks: 1 },
      problems: [{ id: 'packed-image', severity: 'info', message: expect.stringContaining('a.vmdk.gz') }],
    })
    expect(JSON.stringify(report.layers)).not.toContain('damaged')
  })

  test('one of several files that differ in case is not taken, and they are named', async () => {
    const members: Member[] = [
      ['vm.ovf', ovf([{ href: 'disk.VMDK' }])],
      ['disk.vmdk', one],
      ['DISK.vmdk', two],
    ]
    await expect(contentOf(portsOf(members), path)).rejects.toMatchObject({
      code: 'extent-file-missing',
      details: { candidates: ['disk.vmdk', 'DISK.vmdk'] },
    })
  })

  test('an unpacked description beside its disks', async () => {
    const { ports, open } = memoryFiles({
      '/lib/vm.ovf': new TextEncoder().encode(double),
      '/lib/a.vmdk': one,
      '/lib/b.vmdk': two,
    })
    expect(await contentOf(ports, '/lib/vm.ovf', 'disk2')).toEqual(await plain(two))
    await using chain = await openChain('/lib/vm.ovf', ports)
    expect(chain.files.map((file) => file.path)).toEqual(['/lib/vm.ovf', '/lib/a.vmdk'])
    await chain[Symbol.asyncDispose]()
    expect(open.size).toBe(0)
    const { report } = await checkImage('/lib/vm.ovf', ports)
    expect(report.findings).toEqual([])
  })

  test('a description that names a file outside the package reaches nothing of the host', async () => {
    for (const href of ['../secret.vmdk', '/secret.vmdk', 'file:///secret.vmdk', '..\\secret.vmdk']) {
      const archive = buildTar([['vm.ovf', ovf([{ href }])]])
      const { ports } = memoryFiles({ [path]: archive, '/secret.vmdk': one, '/lib/secret.vmdk': one })
      await expect(contentOf(ports, path)).rejects.toMatchObject({ code: 'extent-file-missing' })
    }
  })

  test('a damaged description is refused, under its own name never read as raw', async () => {
    const { ports } = memoryFiles({ '/lib/vm.ovf': new TextEncoder().encode('no XML') })
    await expect(contentOf(ports, '/lib/vm.ovf')).rejects.toMatchObject({ code: 'corrupt' })
  })
})

describe('a check says where the description contradicts the package', () => {
  const size = (bytes: number) => `ovf:size="${bytes}"`
  test.each<[string, readonly Member[], readonly string[]]>([
    [
      'nothing',
      [
        ['vm.ovf', ovf([{ href: 'a.vmdk', file: size(one.length) }])],
        ['a.vmdk', one],
      ],
      [],
    ],
    [
      'ovf:size',
      [
        ['vm.ovf', ovf([{ href: 'a.vmdk', file: size(one.length + 1) }])],
        ['a.vmdk', one],
      ],
      ['corruption ova-size-differs'],
    ],
    [
      'capacity',
      [
        ['vm.ovf', ovf([{ href: 'a.vmdk', capacity: '7' }])],
        ['a.vmdk', one],
      ],
      ['corruption ova-capacity-differs'],
    ],
    [
      'the unit of the capacity',
      [
        ['vm.ovf', ovf([{ href: 'a.vmdk', disk: 'ovf:capacityAllocationUnits="byte * 2^10"' }])],
        ['a.vmdk', one],
      ],
      ['corruption ova-capacity-differs'],
    ],
    [
      'a unit that fits',
      [
        [
          'vm.ovf',
          ovf([
            {
              href: 'a.vmdk',
              capacity: String(capacity / 1024),
              disk: 'ovf:capacityAllocationUnits="byte * 2^10"',
            },
          ]),
        ],
        ['a.vmdk', one],
      ],
      [],
    ],
    [
      'a missing disk',
      [
        ['vm.ovf', double],
        ['a.vmdk', one],
      ],
      ['corruption extent-file-missing'],
    ],
    [
      'a disk without its file in the references',
      [
        ['vm.ovf', single.replace('ovf:fileRef="f0"', 'ovf:fileRef="f9"')],
        ['a.vmdk', one],
      ],
      ['corruption ova-reference-broken', 'corruption refused'],
    ],
    [
      'hardware without its disk',
      [
        [
          'vm.ovf',
          ovf([{ href: 'a.vmdk' }], '<Item><rasd:HostResource>ovf:/disk/gone</rasd:HostResource></Item>'),
        ],
        ['a.vmdk', one],
      ],
      ['corruption ova-reference-broken'],
    ],
    [
      'the description not first',
      [
        ['a.vmdk', one],
        ['vm.ovf', single],
      ],
      ['remark ova-ovf-not-first'],
    ],
    [
      'a name twice',
      [
        ['vm.ovf', single],
        ['a.vmdk', one],
        ['a.vmdk', two],
      ],
      ['corruption ova-member-twice'],
    ],
    [
      'a file that nobody mentions',
      [
        ['vm.ovf', single],
        ['a.vmdk', one],
        ['b.vmdk', two],
      ],
      ['remark ova-member-unmentioned'],
    ],
    ['a second description', [...bothDisks, ['old.ovf', double]], ['remark ova-several-descriptions']],
  ])('%s', async (_, members, wanted) => {
    expect(await found(members)).toEqual(wanted)
  })

  test.each(['SHA256', 'SHA-256', 'SHA2-256', 'sha256'])('digests called %s', async (name) => {
    const digestOf = (content: Uint8Array | string) => createHash('sha256').update(content).digest('hex')
    const manifest = (disk: string) => `${name}(vm.ovf)= ${digestOf(single)}\n${name}(./a.vmdk)= ${disk}\n`
    const members = (disk: string): Member[] => [
      ['vm.ovf', single],
      ['vm.mf', manifest(disk)],
      ['a.vmdk', one],
    ]
    expect(await found(members(digestOf(one)))).toEqual([])
    expect(await found(members('0'.repeat(64)))).toEqual(['corruption ova-digest-differs'])
  })

  test('a manifest that leaves a file out', async () => {
    const manifest = `SHA256(vm.ovf)= ${createHash('sha256').update(single).digest('hex')}\n`
    expect(
      await found([
        ['vm.ovf', single],
        ['vm.mf', manifest],
        ['a.vmdk', one],
      ]),
    ).toEqual(['remark ova-manifest-incomplete'])
  })
})

test('units of capacities', () => {
  expect(['byte', '', 'byte * 2^30', 'byte*2^20', 'MegaBytes', 'byte * 10^9', 'furlong'].map(unitOf)).toEqual(
    [1, 1, 2 ** 30, 2 ** 20, 2 ** 20, 1e9, null],
  )
})
