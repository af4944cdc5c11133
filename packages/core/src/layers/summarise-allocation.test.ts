import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DiskReader } from '../disk/disk-reader.ts'
import type { Extent } from '../ranges/extent.ts'
import type { FilesystemFinding, GuestContents } from '../guest/guest-contents.ts'
import { decodeShares } from '../scan/shares.ts'
import { summariseAllocation } from './summarise-allocation.ts'

const kib = 1024

function diskOf(extents: readonly Extent[]): DiskReader & { passes: number } {
  const disk = {
    name: 'disk.img',
    virtualSize: extents.reduce((sum, { length }) => sum + length, 0),
    passes: 0,
    async readInto() {},
    async *extents() {
      disk.passes += 1
      yield* extents
    },
  }
  return disk
}

function guestOf(...filesystems: Partial<FilesystemFinding>[]): GuestContents {
  return {
    table: { kind: 'none', sure: 'consistent', sectorSize: 512, id: null, partitions: [], notes: [] },
    volumes: [],
    filesystems: filesystems.map((said) => ({
      start: 0,
      length: 0,
      type: 'ext4',
      sure: 'consistent',
      label: null,
      uuid: null,
      size: said.length ?? 0,
      used: null,
      free: null,
      blockSize: 4096,
      state: 'clean',
      notes: [],
      freeByRegion: [],
      ...said,
    })),
    problems: [],
  }
}

const run = (start: number, length: number, content: Extent['content']): Extent => ({
  start,
  length,
  content,
})

const contents = fc.constantFrom<Extent['content'][]>('absent', 'zero', 'data')
const someExtents = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 * 1024 * kib }), contents), { maxLength: 60 })
  .map((runs) => {
    let at = 0
    return runs.map(([length, content]) => {
      const extent = run(at, length, content)
      at += length
      return extent
    })
  })

test('cells agree with a count extent by extent, in one pass', async () => {
  await fc.assert(
    fc.asyncProperty(someExtents, async (extents) => {
      const disk = diskOf(extents)
      const { allocation, reclaimable } = await summariseAllocation(disk, null)
      const { cellSize } = allocation
      const cells = Math.ceil(disk.virtualSize / cellSize)
      expect(cells).toBeLessThanOrEqual(2048)
      expect(cellSize % (64 * kib)).toBe(0)
      expect(disk.passes).toBe(1)
      expect(reclaimable).toBeNull()
      for (const content of ['data', 'zero'] as const) {
        const shares = decodeShares(allocation[content])
        expect(shares).toHaveLength(cells)
        for (const [cell, share] of shares.entries()) {
          const [start, end] = [cell * cellSize, Math.min(disk.virtualSize, (cell + 1) * cellSize)]
          const held = extents
            .filter((extent) => extent.content === content)
            .map((extent) => Math.min(end, extent.start + extent.length) - Math.max(start, extent.start))
            .reduce((sum, length) => sum + Math.max(0, length), 0)
          expect(share).toBe(Math.ceil((held / (end - start)) * 255 - (held > 0 ? 1e-9 : 0)) / 255)
        }
      }
      const total = (content: Extent['content']) =>
        extents.filter((extent) => extent.content === content).reduce((sum, { length }) => sum + length, 0)
      expect(allocation.dataBytes).toBe(total('data'))
      expect(allocation.zeroBytes).toBe(total('zero'))
      expect(allocation.absentBytes).toBe(total('absent'))
    }),
    { numRuns: 25 },
  )
})

test('per filesystem: what is allocated beyond what it uses', async () => {
  const mib = 1024 * kib
  const disk = diskOf([run(0, 40 * mib, 'data'), run(40 * mib, 60 * mib, 'absent')])
  const guest = guestOf({ start: 10 * mib, length: 80 * mib, used: 20 * mib, free: 60 * mib })
  const { reclaimable, allocation } = await summariseAllocation(disk, guest)
  expect(reclaimable).toBe(10 * mib)
  const shares = decodeShares(allocation.reclaimable ?? '')
  const at = (place: number) => shares[Math.floor(place / allocation.cellSize)] ?? 0
  expect(at(5 * mib)).toBe(0)
  expect(at(20 * mib)).toBeCloseTo(1 / 3, 1)
  expect(at(50 * mib)).toBe(0)
})

test('per region: a full region does not hide a free one', async () => {
  const mib = 1024 * kib
  const disk = diskOf([run(0, 20 * mib, 'data'), run(20 * mib, 20 * mib, 'absent')])
  const guest = guestOf({
    length: 40 * mib,
    used: 30 * mib,
    free: 10 * mib,
    freeByRegion: [
      { start: 0, length: 10 * mib, free: 0 },
      { start: 10 * mib, length: 10 * mib, free: 10 * mib },
      { start: 20 * mib, length: 20 * mib, free: 0 },
    ],
  })
  const { reclaimable, allocation } = await summariseAllocation(disk, guest)
  expect(reclaimable).toBe(10 * mib)
  const shares = decodeShares(allocation.reclaimable ?? '')
  expect(shares.filter((share) => share === 1)).toHaveLength((10 * mib) / allocation.cellSize)
  expect(shares.filter((share) => share > 0 && share < 1)).toHaveLength(0)
})

test('swap and encrypted space never count', async () => {
  const mib = 1024 * kib
  const disk = diskOf([run(0, 20 * mib, 'data')])
  const guest = guestOf({ type: 'swap', length: 20 * mib })
  const { reclaimable, allocation } = await summariseAllocation(disk, guest)
  expect(reclaimable).toBeNull()
  expect(allocation.reclaimable).toBeNull()
})

test('filesystems that lie on each other, or beyond the disk, count once or not at all', async () => {
  const mib = 1024 * kib
  const disk = diskOf([run(0, 20 * mib, 'data')])
  const guest = guestOf(
    { start: 0, length: 20 * mib, used: 0, free: 20 * mib },
    { start: 5 * mib, length: 5 * mib, used: 0, free: 5 * mib },
    { start: 15 * mib, length: 500 * mib, used: 0, free: 500 * mib },
  )
  expect((await summariseAllocation(disk, guest)).reclaimable).toBe(20 * mib)
})

test('a disk of no bytes', async () => {
  const { allocation } = await summariseAllocation(diskOf([]), null)
  expect(allocation).toEqual({
    cellSize: 64 * kib,
    data: '',
    zero: '',
    reclaimable: null,
    dataBytes: 0,
    zeroBytes: 0,
    absentBytes: 0,
  })
})

test('stops when asked to', async () => {
  const disk = diskOf([run(0, 1024, 'data')])
  await expect(summariseAllocation(disk, null, { signal: AbortSignal.abort() })).rejects.toThrow('abort')
})
