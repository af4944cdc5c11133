import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { buildVmdk, descriptorText, grain, grainSectors } from '../vmdk/testing/build-vmdk.ts'
import { parseManifest } from './manifest.ts'
import { buildTar, type Member } from './testing/build-tar.ts'

const path = '/lib/vm.ova'
const vmdk = buildVmdk({ grains: { 0: grain(1), 5: grain(2) }, isCompressed: true })

/** Puts the right checksum over a changed header. */
function resum(header: Uint8Array): void {
  header.fill(0x20, 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
}

function ovfOf(files: string, disks: string): string {
  return `<?xml version="1.0"?><ovf:Envelope xmlns:ovf="x"><ovf:References>${files}</ovf:References><ovf:DiskSection><ovf:Info>d</ovf:Info>${disks}</ovf:DiskSection></ovf:Envelope>`
}

const fileLine = (id: string, href: string, more = '') =>
  `<ovf:File ovf:id="${id}" ovf:href="${href}" ${more}/>`
const capacity = 64 * grainSectors * 512
const diskLine = (id: string, fileRef: string) =>
  `<ovf:Disk ovf:diskId="${id}" ovf:fileRef="${fileRef}" ovf:capacity="${capacity}"/>`
const plainOvf = ovfOf(fileLine('f', 'a%20b.vmdk'), diskLine('d', 'f'))

async function outcome(image: Uint8Array) {
  const { ports } = memoryFiles({ [path]: image })
  const { links, problems } = await inspectChain(path, ports, { format: 'ova' })
  const ids = problems.map(({ id }) => id)
  try {
    await using chain = await openChain(path, ports, { format: 'ova' })
    const bytes = new Uint8Array(chain.disk.virtualSize)
    await chain.disk.readInto(bytes, 0)
    return { ids, bytes, code: null, facts: links[0].facts }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : String(error)
    return { ids, bytes: null, code, facts: links[0].facts }
  }
}

describe('reading', () => {
  test('the disk in place', async () => {
    const image = buildTar([
      ['vm.ovf', plainOvf],
      ['a b.vmdk', vmdk],
    ])
    const { ids, bytes, facts } = await outcome(image)
    expect(ids).toEqual([])
    expect(facts).toMatchObject({ format: 'ova', virtualSize: 64 * grainSectors * 512, parts: [] })
    const { ports } = memoryFiles({ '/lib/a.vmdk': vmdk })
    await using chain = await openChain('/lib/a.vmdk', ports)
    const wanted = new Uint8Array(chain.disk.virtualSize)
    await chain.disk.readInto(wanted, 0)
    expect(bytes).toEqual(wanted)
  })

  test('the first of several disks in the order of the description, which is said', async () => {
    const other = buildVmdk({ sectors: 8 * grainSectors })
    const ovf = ovfOf(
      fileLine('1', 'one.vmdk') + fileLine('2', 'two.vmdk'),
      diskLine('a', 'none') + diskLine('b', '2') + diskLine('c', '1'),
    )
    const image = buildTar([
      ['vm.ovf', ovf],
      ['vm.mf', `SHA1(vm.ovf)= ${'0'.repeat(40)}\n`],
      ['one.vmdk', vmdk],
      ['./two.vmdk', other],
    ])
    const { ids, facts } = await outcome(image)
    expect(ids).toEqual(['ova-several-disks', 'ova-manifest-not-compared'])
    expect(facts.virtualSize).toBe(8 * grainSectors * 512)
    expect(facts.details).toMatchObject({
      disk: 'two.vmdk',
      disks: 3,
      disk3: expect.stringMatching(/^one.vmdk, c, /u),
      manifest: 'SHA1',
    })
  })

  test('names that a header does not hold: GNU and pax', async () => {
    const long = `${'n'.repeat(150)}.vmdk`
    const ovf = ovfOf(fileLine('f', long), diskLine('d', 'f'))
    const record = `path=${long}\n`
    const length = record.length + 4
    for (const [type, extension] of [
      ['L', `${long}\0`],
      ['x', `${length} ${record}`],
    ] as const) {
      const image = buildTar(
        [
          ['vm.ovf', ovf],
          ['long', extension],
          ['short', vmdk],
        ],
        (header, name) => {
          if (name === 'long') header[156] = type.charCodeAt(0)
          resum(header)
        },
      )
      expect((await outcome(image)).ids).toEqual([])
    }
  })
})

describe('refused', () => {
  const withDisk = (ovf: string, disk: Uint8Array | string = vmdk) =>
    buildTar([
      ['vm.ovf', ovf],
      ['a b.vmdk', disk],
    ])
  const child = descriptorText(64 * grainSectors).replace('parentCID=ffffffff', 'parentCID=00000001')
  test.each([
    ['no description', buildTar([['a b.vmdk', vmdk]]), 'refused'],
    ['no disk', withDisk(ovfOf('', '')), 'refused'],
    ['no XML', withDisk('<Envelope'), 'corrupt'],
    ['another document', withDisk('<plist/>'), 'corrupt'],
    ['a missing disk', buildTar([['vm.ovf', plainOvf]]), 'extent-file-missing'],
    ['a VMDK that is none', withDisk(plainOvf, 'guest bytes'), 'corrupt'],
    ['a text descriptor without its extents', withDisk(plainOvf, descriptorText(64)), 'extent-file-missing'],
    [
      'a disk over a parent that is not there',
      withDisk(plainOvf, buildVmdk({ descriptor: child })),
      'parent-missing',
    ],
    [
      'a compressed disk',
      withDisk(ovfOf(fileLine('f', 'a b.vmdk', 'ovf:compression="gzip"'), diskLine('d', 'f'))),
      'unsupported-feature',
    ],
    [
      'a disk in chunks that are not there',
      withDisk(ovfOf(fileLine('f', 'a b.vmdk', 'ovf:chunkSize="7"'), diskLine('d', 'f'))),
      'extent-file-missing',
    ],
    ['a file cut short', withDisk(plainOvf).subarray(0, -1600), 'truncated'],
  ] as const)('%s', async (_name, image, code) => {
    const { ids, code: found } = await outcome(image)
    expect(found).toBe(code)
    expect(ids).toContain(code)
  })

  test.each([
    ['a wrong checksum', (header: Uint8Array) => header.fill(0x31, 148, 154), 'corrupt'],
    ['a size of letters', (header: Uint8Array) => header.fill(0x7a, 124, 135), 'corrupt'],
    ['a size past the end', (header: Uint8Array) => header.fill(0x37, 124, 135), 'truncated'],
    ['a size past 2^53', (header: Uint8Array) => header.fill(0xff, 124, 136), 'corrupt'],
    ['an endless long name', (header: Uint8Array) => header.fill(0x4c, 156, 157), 'corrupt'],
  ] as const)('a header with %s', async (name, change, code) => {
    const image = buildTar(
      [
        ['vm.ovf', plainOvf],
        ['a b.vmdk', vmdk],
      ],
      (header, member) => {
        if (member !== 'a b.vmdk') return
        change(header)
        if (name !== 'a wrong checksum') resum(header)
      },
    )
    const found = (await outcome(image)).code
    expect(name === 'an endless long name' ? ['refused', 'extent-file-missing'] : [code]).toContain(found)
  })

  test('more members than any package has', async () => {
    const members = Array.from({ length: 1100 }, (_, i): Member => [`f${i}`, ''])
    expect((await outcome(buildTar(members))).code).toBe('limit-exceeded')
  })
})

test('manifests as programs write them', () => {
  const digest = 'AB'.repeat(20)
  expect(parseManifest(`SHA1 (a (1).vmdk) = ${digest}\r\n\r\nsha256(b)= ${'0'.repeat(64)}\n`)).toEqual([
    { algorithm: 'SHA1', name: 'a (1).vmdk', digest: digest.toLowerCase() },
    { algorithm: 'SHA256', name: 'b', digest: '0'.repeat(64) },
  ])
  expect(parseManifest('no manifest')).toBeNull()
})

test('a check compares every file with the manifest, and walks the tables of the disk', async () => {
  let hashed = 0
  const ports = (image: Uint8Array) => {
    const memory = memoryFiles({ [path]: image }).ports
    const startHash: typeof memory.startHash = async (algorithm) => {
      hashed += 1
      return await memory.startHash(algorithm)
    }
    return { ...memory, startHash }
  }
  const digestOf = (content: Uint8Array | string, algorithm = 'sha256') =>
    createHash(algorithm).update(content).digest('hex')
  const packed = (manifest: string, disk: Uint8Array) =>
    buildTar([
      ['vm.ovf', plainOvf],
      ['vm.mf', manifest],
      ['./a b.vmdk', disk],
    ])
  const checked = async (manifest: string, disk = vmdk) => {
    const { report } = await checkImage(path, ports(packed(manifest, disk)), { format: 'ova' })
    const { isComplete, totals } = report
    const ids = report.findings.map(({ id }) => id).filter((id) => id !== 'ova-manifest-incomplete')
    return { ids, checked: report.checked, isComplete, totals }
  }
  const right = `SHA256(vm.ovf)= ${digestOf(plainOvf)}\nSHA1(a b.vmdk)= ${digestOf(vmdk, 'sha1')}\n`
  const clean = await checked(right)
  expect(clean.ids).toEqual([])
  expect(clean.checked).toContain('digests of the manifest')
  expect(clean.checked).toContain('grain tables')
  expect((await checked(`SHA256(a b.vmdk)= ${digestOf('other')}`)).ids).toEqual(['ova-digest-differs'])
  expect((await checked(`SHA256(gone.vmdk)= ${digestOf('x')}`)).ids).toEqual(['ova-member-missing'])
  const unknown = await checked(`MD5(vm.ovf)= ${'0'.repeat(32)}`)
  expect(unknown.ids).toEqual(['ova-digest-not-compared'])
  expect(unknown.checked).not.toContain('digests of the manifest')
  expect((await checked('nonsense')).ids).toEqual(['ova-manifest-unreadable'])

  hashed = 0
  const often = await checked(`SHA256(a b.vmdk)= ${digestOf('other')}\n`.repeat(5000))
  expect(often.totals.corruptions).toBe(5000)
  expect(hashed).toBe(1)

  expect(clean.isComplete).toBe(true)
  const cut = vmdk.slice()
  new DataView(cut.buffer).setUint32(44, 0x7fff_fff0, true)
  const damaged = await checked(`SHA256(a b.vmdk)= ${digestOf(cut)}`, cut)
  expect(damaged).toMatchObject({ isComplete: false })
})
