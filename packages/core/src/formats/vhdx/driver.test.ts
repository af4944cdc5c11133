import { describe, expect, test } from 'vitest'
import type { Extent } from '../../ranges/extent.ts'
import { memoryFiles } from '../../testing/memory-files.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { blockStates } from './bat.ts'
import { mib } from './header.ts'
import { buildVhdx, dataWriteGuid, sparseVhdx, type VhdxPlan } from './testing/build-vhdx.ts'

const path = '/images/disk.vhdx'
const dataAt = 4 * mib
const GiB = 1024 * mib
const { fullyPresent, partiallyPresent, notPresent, undefined: undefinedState } = blockStates

async function open(plan: VhdxPlan) {
  return await openChain(path, memoryFiles({ [path]: sparseVhdx(plan).source }).ports)
}

async function map(plan: VhdxPlan): Promise<Extent[]> {
  await using chain = await open(plan)
  return await extentsOf(chain.disk)
}

async function extentsOf(disk: DiskReader): Promise<Extent[]> {
  const extents: Extent[] = []
  for await (const extent of disk.extents({ start: 0, end: disk.virtualSize })) extents.push(extent)
  return extents
}

async function byteAt(plan: VhdxPlan, at: number): Promise<number | undefined> {
  await using chain = await open(plan)
  const bytes = new Uint8Array(1)
  await chain.disk.readInto(bytes, at)
  return bytes[0]
}

describe('block states', () => {
  const states = Object.entries({
    [notPresent]: 'absent',
    [undefinedState]: 'zero',
    [blockStates.zero]: 'zero',
    [blockStates.unmapped]: 'zero',
    [blockStates.unmappedEarly]: 'zero',
    [fullyPresent]: 'data',
  })
  test.each(states)('state %s is %s', async (state, content) => {
    const plan = {
      virtualSize: mib,
      blockSize: mib,
      entries: { 0: { state: Number(state), offset: dataAt } },
      patches: [{ at: dataAt, bytes: new Uint8Array(mib).fill(9) }],
    }
    expect(await map(plan)).toEqual([{ start: 0, length: mib, content }])
    expect(await byteAt(plan, 5)).toBe(content === 'data' ? 9 : 0)
  })

  test.each([
    ['reserved', 4, dataAt],
    ['partially present without a parent', partiallyPresent, dataAt],
    ['past the end of the file', fullyPresent, 5 * mib],
    ['past 2^53', fullyPresent, 2 ** 63],
    ['in the header section', fullyPresent, 0],
    ['in the log', fullyPresent, mib],
    ['in the BAT', fullyPresent, 3 * mib],
  ])('a block that is %s is refused when it is read', async (_, state, offset) => {
    const plan = { virtualSize: mib, blockSize: mib, entries: { 0: { state, offset } }, fileSize: 5 * mib }
    await expect(byteAt(plan, 0)).rejects.toMatchObject({ code: 'corrupt' })
  })
})

describe('the place of an entry', () => {
  test.each([
    [512, 256 * mib, 16],
    [4096, 256 * mib, 128],
    [512, 32 * mib, 128],
  ])(
    'sectors of %i, blocks of %i: after %i entries comes one of a bitmap',
    async (logicalSectorSize, blockSize, ratio) => {
      const virtualSize = (ratio + 2) * blockSize
      const plan = {
        virtualSize,
        blockSize,
        logicalSectorSize,
        entries: {
          [ratio - 1]: { state: fullyPresent, offset: dataAt },
          [ratio]: { state: notPresent, offset: 0 },
          [ratio + 1]: { state: fullyPresent, offset: dataAt + blockSize },
        },
        patches: [
          { at: dataAt, bytes: Uint8Array.of(3) },
          { at: dataAt + blockSize, bytes: Uint8Array.of(4) },
        ],
        fileSize: dataAt + 2 * blockSize,
      }
      expect(await byteAt(plan, (ratio - 1) * blockSize)).toBe(3)
      expect(await byteAt(plan, ratio * blockSize)).toBe(4)
      expect(await map(plan)).toEqual([
        { start: 0, length: (ratio - 1) * blockSize, content: 'absent' },
        { start: (ratio - 1) * blockSize, length: 2 * blockSize, content: 'data' },
        { start: (ratio + 1) * blockSize, length: blockSize, content: 'absent' },
      ])
    },
  )
})

describe('large disks', () => {
  const large = { virtualSize: 64 * 1024 * GiB, blockSize: mib }
  const lastBlock = large.virtualSize / mib - 1
  const plan = (): VhdxPlan => {
    const lastEntry = lastBlock + Math.floor(lastBlock / 4096)
    const at = dataAt + 520 * mib
    return { ...large, entries: { [lastEntry]: { state: fullyPresent, offset: at } }, fileSize: at + mib }
  }

  test('64 TiB in blocks of 1 MiB: the holes of the BAT are not read', async () => {
    const { source, reads } = sparseVhdx(plan())
    await using chain = await openChain(path, memoryFiles({ [path]: source }).ports)
    expect(await extentsOf(chain.disk)).toEqual([
      { start: 0, length: large.virtualSize - mib, content: 'absent' },
      { start: large.virtualSize - mib, length: mib, content: 'data' },
    ])
    expect(reads.bytes).toBeLessThan(mib)
  })

  test('opening 1 TiB and reading its first block takes less than 1 MiB of metadata', async () => {
    const offset = dataAt + 8 * mib
    const { source, reads } = sparseVhdx({
      virtualSize: 1024 * GiB,
      blockSize: mib,
      entries: { 0: { state: fullyPresent, offset } },
      fileSize: offset + mib,
    })
    await using chain = await openChain(path, memoryFiles({ [path]: source }).ports)
    expect(reads.bytes).toBeLessThan(mib / 2)
    await chain.disk.readInto(new Uint8Array(512), 0)
    expect(reads.bytes).toBeLessThan(mib)
  })
})

describe('differencing disks', () => {
  const parentBlocks = {
    0: { state: fullyPresent, offset: dataAt },
    1: { state: fullyPresent, offset: dataAt + mib },
  }
  const parentPlan: VhdxPlan = {
    virtualSize: 2 * mib,
    blockSize: mib,
    entries: parentBlocks,
    patches: [{ at: dataAt, bytes: new Uint8Array(2 * mib).fill(1) }],
  }
  const childGuid = 'AAAAAAAA-2222-4333-8444-555555555555'
  const braces = (guid: string) => `{${guid.toLowerCase()}}`

  function childPlan(locator: Readonly<Record<string, string>>, sectorSize = 512): VhdxPlan {
    const bitmap = new Uint8Array(mib)
    // Sectors 1 and 9 of block 0.
    bitmap[0] = 0b0000_0010
    bitmap[1] = 0b0000_0010
    return {
      virtualSize: 2 * mib,
      blockSize: mib,
      logicalSectorSize: sectorSize,
      parent: locator,
      dataWriteGuid: childGuid,
      entries: {
        0: { state: partiallyPresent, offset: dataAt + mib },
        1: { state: notPresent, offset: 0 },
        [(2 ** 23 * sectorSize) / mib]: { state: 6, offset: dataAt },
      },
      patches: [
        { at: dataAt, bytes: bitmap },
        { at: dataAt + mib, bytes: new Uint8Array(mib).fill(2) },
      ],
    }
  }

  async function read(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
    await using chain = await openChain('/images/child.avhdx', memoryFiles(files).ports)
    const bytes = new Uint8Array(2 * mib)
    await chain.disk.readInto(bytes, 0)
    return bytes
  }

  test.each([512, 4096])('bitmaps count sectors of %i from the lowest bit on', async (sectorSize) => {
    const locator = { parent_linkage: braces(dataWriteGuid), relative_path: '.\\parent.vhdx' }
    const bytes = await read({
      '/images/child.avhdx': buildVhdx(childPlan(locator, sectorSize)),
      '/images/parent.vhdx': buildVhdx({ ...parentPlan, logicalSectorSize: sectorSize }),
    })
    const expected = new Uint8Array(2 * mib).fill(1)
    for (const sector of [1, 9]) expected.fill(2, sector * sectorSize, (sector + 1) * sectorSize)
    expect(Buffer.compare(bytes, expected)).toBe(0)
  })

  test.each([
    [
      'a relative path with folders',
      { relative_path: '..\\base\\parent.vhdx' },
      '/images/../base/parent.vhdx',
    ],
    [
      'the name of an absolute path',
      { absolute_win32_path: '\\\\?\\D:\\vms\\parent.vhdx' },
      '/images/parent.vhdx',
    ],
    [
      'the name of a volume path',
      { volume_path: '\\\\?\\Volume{26A21BDA}\\parent.vhdx' },
      '/images/parent.vhdx',
    ],
  ])('the parent is found by %s', async (_, paths, parentPath) => {
    const bytes = await read({
      '/images/child.avhdx': buildVhdx(childPlan({ parent_linkage: braces(dataWriteGuid), ...paths })),
      [parentPath]: buildVhdx(parentPlan),
    })
    expect([bytes[0], bytes[512]]).toEqual([1, 2])
  })

  test('parent_linkage2 is believed too, another identity is not', async () => {
    const other = '00000000-2222-4333-8444-555555555555'
    const relative = { relative_path: 'parent.vhdx' }
    const files = (locator: Record<string, string>) => ({
      '/images/child.avhdx': buildVhdx(childPlan({ ...locator, ...relative })),
      '/images/parent.vhdx': buildVhdx(parentPlan),
    })
    const both = { parent_linkage: braces(other), parent_linkage2: braces(dataWriteGuid) }
    expect((await read(files(both)))[0]).toBe(1)
    await expect(read(files({ parent_linkage: braces(other) }))).rejects.toMatchObject({
      code: 'parent-mismatch',
    })
  })

  test('a missing parent is named as the child names it', async () => {
    const locator = {
      parent_linkage: braces(dataWriteGuid),
      relative_path: '.\\base.vhdx',
      absolute_win32_path: 'D:\\vms\\base.vhdx',
    }
    await expect(read({ '/images/child.avhdx': buildVhdx(childPlan(locator)) })).rejects.toMatchObject({
      code: 'parent-missing',
      details: { parent: './base.vhdx' },
    })
  })

  test.each<[string, Record<string, string>]>([
    ['without parent_linkage', { relative_path: 'parent.vhdx' }],
    ['with only parent_linkage2', { parent_linkage2: braces(dataWriteGuid), relative_path: 'parent.vhdx' }],
    ['whose parent_linkage is no GUID', { parent_linkage: '{x}', relative_path: 'parent.vhdx' }],
  ])('a locator %s is refused', async (_, locator) => {
    const files = { '/images/child.avhdx': buildVhdx(childPlan(locator)) }
    await expect(read(files)).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('a partially present block without its bitmap is refused when it is read', async () => {
    const plan = childPlan({ parent_linkage: braces(dataWriteGuid), relative_path: 'parent.vhdx' })
    for (const bitmap of [
      { state: notPresent, offset: 0 },
      { state: 6, offset: 0 },
      { state: 6, offset: 2 ** 40 },
    ]) {
      const child = buildVhdx({ ...plan, entries: { ...plan.entries, 4096: bitmap } })
      const files = { '/images/child.avhdx': child, '/images/parent.vhdx': buildVhdx(parentPlan) }
      await expect(read(files)).rejects.toMatchObject({ code: 'corrupt' })
    }
  })
})

test('facts of a disk', async () => {
  const bytes = buildVhdx({
    virtualSize: 5 * mib,
    blockSize: 2 * mib,
    logicalSectorSize: 4096,
    isFixed: true,
  })
  const { links } = await inspectChain(path, memoryFiles({ [path]: bytes }).ports)
  expect(links[0].facts).toMatchObject({
    format: 'vhdx',
    subformat: 'fixed',
    virtualSize: 5 * mib,
    clusterSize: 2 * mib,
    identity: { kind: 'uuid', uuid: dataWriteGuid },
    details: { sequenceNumber: 2, logicalSectorSize: 4096, physicalSectorSize: 4096 },
    problems: [],
  })
})
