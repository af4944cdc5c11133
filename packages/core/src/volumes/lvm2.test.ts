import { describe, expect, test } from 'vitest'
import { readGuestContents } from '../scan/read-guest.ts'
import { own, physicalVolume } from '../testing/physical-volume.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'

const mib = 1024 * 1024
const size = 64 * mib
const encode = (text: string) => new TextEncoder().encode(text)

const group = (volumes: string, { start = 2048 } = {}) => `vg0 { extent_size = 8192
  physical_volumes { pv0 { id = "${own}" pe_start = ${start} pe_count = 15 } }
  logical_volumes { ${volumes} } }`

const linear = (name: string, extents: number, at: number) =>
  `${name} { status = ["READ", "WRITE", "VISIBLE"]
    segment1 { start_extent = 0 extent_count = ${extents} type = "striped" stripe_count = 1 stripes = ["pv0", ${at}] } }`

const swapAt = (at: number): Patch[] => {
  const head = new Uint8Array(44)
  new DataView(head.buffer).setUint32(0, 1, true)
  new DataView(head.buffer).setUint32(4, 1023, true)
  return [
    { at: at + 1024, bytes: head },
    { at: at + 4086, bytes: encode('SWAPSPACE2') },
  ]
}

const guestOf = (patches: readonly Patch[]) => readGuestContents(sparseDisk(size, patches))

test('text that runs round the end of its area', async () => {
  const { volumes, filesystems, problems } = await guestOf([
    ...physicalVolume(group(linear('root', 1, 2)), { offset: mib - 4096 - 100 }),
    ...swapAt(9 * mib),
  ])
  expect(problems).toEqual([])
  expect(volumes).toMatchObject([{ group: 'vg0', uuid: own, members: [{ name: 'root', length: 4 * mib }] }])
  expect(filesystems).toMatchObject([{ type: 'swap', start: 9 * mib, length: 4 * mib }])
})

describe('what is not a plain volume of this disk is named, not read', () => {
  test.each([
    ['a thin volume', 'type = "thin" thin_pool = "pool"', 'root is a thin volume, which is not looked into'],
    [
      'two stripes',
      'type = "striped" stripe_count = 2 stripes = ["pv0", 0, "pv0", 4]',
      'root is striped over 2 places, which is not looked into',
    ],
    ['a mirror', 'type = "raid1" device_count = 2', 'root is a raid1 volume, which is not looked into'],
    ['another disk', 'type = "striped" stripe_count = 1 stripes = ["pv1", 0]', undefined],
    ['beyond the disk', 'type = "striped" stripe_count = 1 stripes = ["pv0", 99999]', undefined],
    ['half an extent', 'type = "striped" stripe_count = 1 stripes = ["pv0", 0.5]', undefined],
  ])('%s', async (_, segment, note) => {
    const volume = `root { status = ["VISIBLE"] segment1 { start_extent = 0 extent_count = 2 ${segment} } }`
    const { volumes, filesystems } = await guestOf([...physicalVolume(group(volume)), ...swapAt(mib)])
    expect(volumes[0]?.members).toEqual([{ name: 'root', length: 8 * mib, segments: [] }])
    expect(volumes[0]?.notes[0]).toBe(note)
    expect(filesystems).toEqual([])
  })

  test('hidden parts of other volumes', async () => {
    const hidden = linear('pool_tdata', 1, 0).replace(', "VISIBLE"', '')
    expect((await guestOf(physicalVolume(group(hidden)))).volumes[0]?.members).toEqual([])
  })
})

describe('damaged metadata is a problem, the volume is still named', () => {
  const text = group(linear('root', 1, 0))
  test.each<[string, Patch[]]>([
    ['wrong checksum', physicalVolume(text, { checksum: 1 })],
    ['text longer than its area', physicalVolume(text, { textSize: 4 * mib })],
    ['text that is cut', physicalVolume(text.slice(0, -3))],
    ['no group', physicalVolume('contents = "Text Format Volume Group"')],
    ['area without a header', [...physicalVolume(text), { at: 4096, bytes: new Uint8Array(512) }]],
  ])('%s', async (_, patches) => {
    const { volumes, problems } = await guestOf(patches)
    expect(volumes).toMatchObject([{ type: 'lvm2', sure: 'damaged', uuid: own }])
    expect(problems.map(({ id }) => id)).toEqual(['lvm-metadata-damaged'])
  })

  test('an area beyond the disk', async () => {
    const label = physicalVolume(text)[0]!
    new DataView(label.bytes.buffer).setBigUint64(104, 2n ** 50n, true)
    expect((await guestOf([label])).problems.map(({ id }) => id)).toEqual(['lvm-metadata-damaged'])
  })
})

test('a group that contains itself a thousand times ends', async () => {
  const volumes = Array.from({ length: 1000 }, (_, i) => linear(`lv${i}`, 15, 0)).join('\n')
  const { volumes: found, problems } = await guestOf(physicalVolume(group(volumes, { start: 0 })))
  expect(found.length).toBeLessThanOrEqual(128)
  expect(problems.map(({ id }) => id)).toContain('guest-too-nested')
})
