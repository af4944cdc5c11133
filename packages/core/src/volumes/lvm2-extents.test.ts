import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GuestDisk } from '../guest/guest-region.ts'
import { own, physicalVolume } from '../testing/physical-volume.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { extentsIn, fitGroup, linearGroupOf, withVolumes, type LinearGroup } from './lvm2-extents.ts'
import { findLabel, metadataPieces, readMetadata } from './lvm2-metadata.ts'
import { formatLvmText, parseLvmText } from './lvm2-text.ts'

const mib = 1024 ** 2
const size = 64 * mib

interface Group {
  readonly group?: string
  readonly physical?: string
  readonly more?: string
}

const groupText = (volumes: string, { group = '', physical = '', more = '' }: Group = {}) =>
  `vg { id = "g" seqno = 7 status = ["RESIZEABLE", "READ", "WRITE"] extent_size = 8192 ${group}
  physical_volumes { pv0 { id = "${own}" status = ["ALLOCATABLE"] dev_size = 131072 pe_start = 2048 pe_count = 15 ${physical} } ${more} }
  logical_volumes { ${volumes} } } description = "a \\"b\\" \\\\"`

const volumeText = (name: string, ...runs: readonly (readonly [at: number, count: number])[]) => {
  let start = 0
  const segments = runs.map(([at, count], index) => {
    const text = `segment${index + 1} { start_extent = ${start} extent_count = ${count} type = "striped" stripe_count = 1 stripes = ["pv0", ${at}] }`
    start += count
    return text
  })
  return `${name} { id = "${name}" status = ["READ", "VISIBLE"] segment_count = ${runs.length} ${segments.join(' ')} }`
}

const groupOf = (text: string) => linearGroupOf(parseLvmText(text, 'a'), own)
const two = groupText(`${volumeText('root', [4, 3], [10, 2])} ${volumeText('home', [12, 3])}`)

test('a group of linear volumes is its runs of extents', () => {
  expect(groupOf(two)).toEqual({
    name: 'vg',
    extentSize: 4 * mib,
    dataStart: mib,
    extents: 15,
    volumes: [
      {
        name: 'root',
        runs: [
          { at: 4, count: 3 },
          { at: 10, count: 2 },
        ],
      },
      { name: 'home', runs: [{ at: 12, count: 3 }] },
    ],
  })
})

describe('a group whose extents are not moved says why', () => {
  const root = volumeText('root', [0, 2])
  test.each<[string, string, string]>([
    ['several physical volumes', groupText(root, { more: 'pv1 { id = "x" }' }), 'lies in 2 physical volumes'],
    ['another one', groupText(root).replace(own, 'x'), 'describes another physical volume'],
    ['an exported one', groupText(root, { physical: 'flags = ["EXPORTED"]' }), 'is exported'],
    ['a missing one', groupText(root, { physical: 'flags = ["MISSING"]' }), 'misses a physical volume'],
    ['one for reading', groupText(root).replace('"RESIZEABLE", ', ''), 'is not to be changed, as it says'],
    ['a shared one', groupText(root, { group: 'lock_type = "sanlock"' }), 'is shared between hosts'],
    [
      'one of another host',
      groupText(root, { group: 'system_id = "h"' }),
      'belongs to one host by its system ID',
    ],
    [
      'no extents',
      groupText(root, { physical: 'pe_count = 0' }),
      'holds root, which has numbers that do not add up',
    ],
    [
      'more extents than there are',
      groupText(root, { physical: 'pe_count = 9007199254740991' }),
      'has numbers that do not add up',
    ],
    ['a thin volume', groupText(root.replace('"striped"', '"thin"')), 'holds root, which is a thin volume'],
    [
      'a snapshot',
      groupText(
        `${root} snap { status = [] segment1 { start_extent = 0 extent_count = 1 type = "snapshot" } }`,
      ),
      'holds snap, which is a snapshot volume',
    ],
    ['stripes', groupText(root.replace('"pv0", 0', '"pv0", 0, "pv0", 4')), 'holds root, which is striped'],
    ['a move', groupText(root.replace('"VISIBLE"', '"LOCKED"')), 'holds root, which is being moved'],
    ['a gap', groupText(root.replace('start_extent = 0', 'start_extent = 1')), 'holds root, which has gaps'],
    ['no segment', groupText('root { status = [] }'), 'holds root, which has 0 segments'],
    [
      'beyond the end',
      groupText(volumeText('root', [14, 2])),
      'holds root, which has numbers that do not add up',
    ],
    ['extents of two', groupText(root + volumeText('home', [1, 1])), 'has volumes that share extents'],
    ['two groups', `${groupText(root)} other { id = "o" }`, 'names not exactly one volume group'],
  ])('%s', (_name, text, reason) => {
    expect(groupOf(text)).toBe(reason)
  })
})

const sound = (text: string): LinearGroup => {
  const group = groupOf(text)
  if (typeof group === 'string') throw new Error(group)
  return group
}

describe('a group that is to lie in fewer extents', () => {
  test('what lies behind is moved to what is free before, also to what the smaller volume gives up', () => {
    const fitted = fitGroup(sound(two), { volume: 'root', count: 4, extents: 9 })
    expect(fitted).toEqual({
      moves: [
        { from: 10, to: 7, count: 1 },
        { from: 12, to: 0, count: 3 },
      ],
      volumes: [
        { name: 'root', runs: [{ at: 4, count: 4 }] },
        { name: 'home', runs: [{ at: 0, count: 3 }] },
      ],
    })
  })

  test('a run is split where no gap takes it as a whole', () => {
    const group = sound(
      groupText(`${volumeText('a', [2, 1])} ${volumeText('b', [4, 1])} ${volumeText('c', [8, 4])}`),
    )
    expect(fitGroup(group, { volume: 'a', count: 1, extents: 7 })?.moves).toEqual([
      { from: 8, to: 0, count: 2 },
      { from: 10, to: 5, count: 2 },
    ])
  })

  test('one that fits stays as it is; one that cannot is told', () => {
    expect(fitGroup(sound(two), { volume: 'root', count: 5, extents: 15 })?.moves).toEqual([])
    expect(fitGroup(sound(two), { volume: 'root', count: 5, extents: 7 })).toBeNull()
  })

  test('whatever lies where: each extent of each volume ends up once, before the end, and no source is a target', () => {
    const layout = fc.uniqueArray(fc.nat(14), { minLength: 1, maxLength: 15 }).chain((places) =>
      fc.record({
        places: fc.constant(places),
        split: fc.integer({ min: 1, max: places.length }),
        keep: fc.integer({ min: 1, max: places.length }),
        extents: fc.nat(15),
      }),
    )
    fc.assert(
      fc.property(layout, ({ places, split, keep, extents }) => {
        const runs = (from: readonly number[]) => from.map((at) => ({ at, count: 1 }))
        const group: LinearGroup = {
          ...sound(two),
          volumes: [
            { name: 'a', runs: runs(places.slice(0, split)) },
            { name: 'b', runs: runs(places.slice(split)) },
          ],
        }
        const count = Math.min(keep, split)
        const fitted = fitGroup(group, { volume: 'a', count, extents })
        const wanted = count + places.length - split
        expect(fitted === null).toBe(wanted > extents)
        if (fitted === null) return
        const list = (all: LinearGroup['volumes']) =>
          all.map((one) => one.runs.flatMap((run) => Array.from({ length: run.count }, (_, n) => run.at + n)))
        const [before, after] = [list(group.volumes), list(fitted.volumes)]
        const moved = new Map(
          fitted.moves.flatMap(({ from, to, count: length }) =>
            Array.from({ length }, (_, n): [number, number] => [from + n, to + n]),
          ),
        )
        const kept = [before[0]?.slice(0, count) ?? [], before[1] ?? []]
        expect(after).toEqual(kept.map((one) => one.map((at) => moved.get(at) ?? at)))
        const all = after.flat()
        expect(new Set(all).size).toBe(wanted)
        expect(all.every((at) => at < extents)).toBe(true)
        expect([...moved.values()].some((at) => kept.flat().includes(at))).toBe(false)
      }),
    )
  })
})

const encode = (text: string) => new TextEncoder().encode(text)

describe('new metadata', () => {
  async function read(patches: readonly Patch[]) {
    const region = new GuestDisk(sparseDisk(size, patches)).whole()
    const label = await findLabel(region)
    if (label === null) throw new Error('no label')
    return { region, label, root: await readMetadata(region, label) }
  }

  test('all that is not the place of extents stays; the text reads as it was', () => {
    const root = parseLvmText(two, 'a')
    expect(parseLvmText(formatLvmText(root, 'a'), 'a')).toEqual(root)
    const group = sound(two)
    const changed = withVolumes(root, [{ name: 'home', runs: [{ at: 0, count: 3 }] }])
    const text = formatLvmText(changed, 'a')
    expect(text).toContain('seqno = 8')
    expect(sound(text).volumes).toEqual([group.volumes[0], { name: 'home', runs: [{ at: 0, count: 3 }] }])
    expect(parseLvmText(text, 'a').entries.get('description')).toBe('a "b" \\')
    expect(() => formatLvmText(parseLvmText('a = 9007199254740993', 'a'), 'a')).toThrow('too large')
  })

  test.each([
    ['at the beginning', { offset: 512 }],
    ['in the middle', { offset: 512 * 100 }],
    ['round the end of its area', { offset: mib - 4096 - 512 }],
    ['in a small area', { offset: 512, areaSize: 8192 }],
  ])(
    'text that lies %s counts until the header is written, and then the new one does',
    async (_name, options) => {
      const patches = physicalVolume(`${two}\0`, options)
      const { region, label, root } = await read(patches)
      if (root === null) throw new Error('no metadata')
      const text = formatLvmText(withVolumes(root, [{ name: 'home', runs: [{ at: 0, count: 3 }] }]), 'a')
      const [first, second] = await metadataPieces(region, label, text)
      expect((await read([...patches, first])).root).toEqual(root)
      expect((await read([...patches, first, second])).root).toEqual(parseLvmText(text, 'a'))
      expect(second.bytes).toHaveLength(512)
      expect(first.at % 512).toBe(0)
    },
  )

  test('no room for a second text, two copies, or a header of another place: refused', async () => {
    const { region, label } = await read(physicalVolume(`${two}\0`, { offset: 512, areaSize: 2048 }))
    await expect(metadataPieces(region, label, two)).rejects.toMatchObject({ code: 'refused' })
    const long = await read(physicalVolume(`${two}\0`, { areaSize: size }))
    await expect(metadataPieces(long.region, long.label, two)).rejects.toMatchObject({ code: 'corrupt' })
    const header = new Uint8Array(label.header)
    const view = new DataView(header.buffer)
    view.setBigUint64(88, 8192n, true)
    view.setBigUint64(96, 4096n, true)
    await expect(metadataPieces(region, { ...label, header }, two)).rejects.toMatchObject({ code: 'refused' })
    const moved = physicalVolume(`${two}\0`).map((one) =>
      one.at === 4096 ? { ...one, bytes: encode('x') } : one,
    )
    const broken = await read(moved).catch((error: unknown) => error)
    expect(broken).toMatchObject({ code: 'corrupt' })
  })
})

test('extents are counted', () => {
  expect(
    extentsIn([
      { at: 5, count: 2 },
      { at: 0, count: 3 },
    ]),
  ).toBe(5)
})
