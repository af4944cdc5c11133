import { describe, expect, test } from 'vitest'
import type { FileRanges } from '../file-ranges.ts'

/** Files for the contract, as each implementation of `FileRanges` has them. */
export interface RangesPlace extends AsyncDisposable {
  readonly ranges: FileRanges
  /** A file of `size` bytes that holds `bytes` at the given places and holes elsewhere; gives its descriptor. */
  create(name: string, size: number, pieces: readonly (readonly [at: number, bytes: Uint8Array])[]): number
  read(fd: number): Uint8Array
  /** The name as the implementation wants it. */
  path(name: string): string
  exists(name: string): boolean
  /** What is found under a name, where `read` goes by names too. */
  opened?(name: string): Uint8Array
}

const MiB = 1024 * 1024

/** What every `FileRanges` does; run by the fake and by each system's own. */
export function describeFileRanges(name: string, make: () => Promise<RangesPlace>): void {
  describe(`FileRanges: ${name}`, () => {
    const piece = (length: number, byte: number) => new Uint8Array(length).fill(byte)

    test('data and holes, alternately, cover every byte that is not zero', async () => {
      await using place = await make()
      const { ranges } = place
      const fd = place.create('sparse', 8 * MiB, [
        [2 * MiB, piece(MiB, 1)],
        [5 * MiB, piece(10, 2)],
      ])
      const data: [number, number][] = []
      for (let at = ranges.nextData(fd, 0); at !== null;) {
        const end = ranges.nextHole(fd, at)
        if (end === null) throw new Error(`no hole after ${at}`)
        expect(end).toBeGreaterThan(at)
        data.push([at, end])
        at = end < 8 * MiB ? ranges.nextData(fd, end) : null
      }
      const isCovered = (start: number, end: number) => data.some(([from, to]) => from <= start && end <= to)
      expect(isCovered(2 * MiB, 3 * MiB)).toBe(true)
      expect(isCovered(5 * MiB, 5 * MiB + 10)).toBe(true)
      expect(Math.max(...data.map(([, end]) => end))).toBeLessThanOrEqual(8 * MiB)
    })

    test('an empty file is written in place, or it is said that it is not', async () => {
      await using place = await make()
      const { ranges } = place
      const fd = place.create('in-place', 0, [])
      const could = ranges.writeInPlace(fd)
      expect(ranges.writeInPlace(fd)).toBe(could)
      if (ranges.name === 'portable') expect(could).toBe(false)
      expect(ranges.nextData(fd, 0)).toBeNull()
    })

    test('past the end there is neither data nor a hole', async () => {
      await using place = await make()
      const fd = place.create('small', MiB, [[0, piece(MiB, 1)]])
      expect(place.ranges.nextData(fd, MiB)).toBeNull()
      expect(place.ranges.nextHole(fd, MiB)).toBeNull()
      expect(place.ranges.nextHole(fd, 0)).toBe(MiB)
    })

    test('a punched hole reads as zeros and leaves the rest', async () => {
      await using place = await make()
      const fd = place.create('punched', 3 * MiB, [[0, piece(3 * MiB, 7)]])
      const could = place.ranges.punchHole(fd, { start: MiB, end: 2 * MiB })
      const expected = piece(3 * MiB, 7)
      if (could) expected.fill(0, MiB, 2 * MiB)
      expect(Buffer.compare(place.read(fd), expected)).toBe(0)
      if (could && place.ranges.name !== 'portable') expect(place.ranges.nextHole(fd, 0)).toBe(MiB)
    })

    test('a range that is shared arrives, or nothing is touched', async () => {
      await using place = await make()
      const sourceFd = place.create('from', MiB, [[0, piece(MiB, 3)]])
      const targetFd = place.create('to', MiB, [[0, piece(MiB, 5)]])
      const could = place.ranges.cloneRange({
        sourceFd,
        sourceAt: 4096,
        targetFd,
        targetAt: 8192,
        length: 65_536,
      })
      const expected = piece(MiB, 5)
      if (could) expected.fill(3, 8192, 8192 + 65_536)
      expect(Buffer.compare(place.read(targetFd), expected)).toBe(0)
      expect(Buffer.compare(place.read(sourceFd), piece(MiB, 3))).toBe(0)
    })

    test('nothing of a file is discarded, as it is no device', async () => {
      await using place = await make()
      const fd = place.create('file', MiB, [[0, piece(MiB, 3)]])
      expect(place.ranges.discard(fd, { start: 0, end: MiB })).toBe(false)
      expect(Buffer.compare(place.read(fd), piece(MiB, 3))).toBe(0)
    })

    test('a range that is no whole blocks is not shared', async () => {
      await using place = await make()
      const sourceFd = place.create('from', MiB, [[0, piece(MiB, 3)]])
      const targetFd = place.create('to', MiB, [])
      const clone = { sourceFd, sourceAt: 100, targetFd, targetAt: 8192, length: 65_536 }
      expect(place.ranges.cloneRange(clone)).toBe(false)
      expect(Buffer.compare(place.read(targetFd), piece(MiB, 0))).toBe(0)
    })

    test('allocating beyond the end makes the file grow with zeros', async () => {
      await using place = await make()
      const fd = place.create('grown', 10, [[0, piece(10, 5)]])
      const could = place.ranges.allocate(fd, { start: 0, end: MiB })
      expect(place.read(fd).length).toBe(could ? MiB : 10)
      expect(could || !place.ranges.allocatesFaster(place.path('grown'))).toBe(true)
      expect(place.read(fd).subarray(0, 10)).toEqual(piece(10, 5))
    })

    test('what goes to the medium at once can be written to and read meanwhile, parts that are not there too', async () => {
      await using place = await make()
      const { ranges } = place
      const fd = place.create('behind', 2 * MiB, [[0, piece(MiB, 3)]])
      const could = ranges.startWriting(fd, { start: 0, end: 2 * MiB })
      expect(ranges.startWriting(fd, { start: 100, end: 5 * MiB })).toBe(could)
      if (ranges.name === 'portable') expect(could).toBe(false)
      expect(Buffer.compare(place.read(fd).subarray(0, MiB), piece(MiB, 3))).toBe(0)
    })

    test('a rename takes the free name', async () => {
      await using place = await make()
      place.create('part', 10, [])
      place.ranges.renameNoReplace(place.path('part'), place.path('final'))
      expect(place.exists('part')).toBe(false)
      expect(place.exists('final')).toBe(true)
    })

    test('a rename never replaces', async () => {
      await using place = await make()
      place.create('part', 10, [])
      const fd = place.create('final', 3, [[0, piece(3, 9)]])
      const rename = () => place.ranges.renameNoReplace(place.path('part'), place.path('final'))
      expect(rename).toThrow(expect.objectContaining({ code: 'EEXIST' }))
      expect(place.exists('part')).toBe(true)
      expect(place.read(fd)).toEqual(piece(3, 9))
    })

    test('a whole file that is shared arrives under a free name, or nothing is made', async () => {
      await using place = await make()
      const fd = place.create('from', MiB + 5, [[MiB, piece(5, 3)]])
      place.create('taken', 1, [])
      const could = place.ranges.cloneFile(fd, place.path('clone'))
      expect(place.exists('clone')).toBe(could)
      if (!could) return
      expect(() => place.ranges.cloneFile(fd, place.path('taken'))).toThrow(
        expect.objectContaining({ code: 'EEXIST' }),
      )
    })

    test('two names are exchanged, or nothing is touched', async () => {
      await using place = await make()
      const [one, other] = [place.create('one', 3, [[0, piece(3, 1)]]), place.create('other', 5, [])]
      const could = place.ranges.exchange(place.path('one'), place.path('other'))
      expect([place.exists('one'), place.exists('other')]).toEqual([true, true])
      if (could && place.opened) expect(place.opened('one')).toEqual(new Uint8Array(5))
      expect([place.read(one).length, place.read(other).length]).toEqual(
        could && place.opened ? [5, 3] : [3, 5],
      )
    })

    test('a filesystem has room, and no more free than there is', async () => {
      await using place = await make()
      place.create('there', 1, [])
      const { free, total } = place.ranges.filesystemOf(place.path('there'))
      expect(total).toBeGreaterThan(0)
      expect(free).toBeLessThanOrEqual(total ?? 0)
    })
  })
}
