import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import type { Patch } from '../../testing/sparse-disk.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { blockStates, encodeEntry } from './bat.ts'
import { sealChecksum } from './checksum.ts'
import { headersAt, mib } from './header.ts'
import { buildLog, buildLogEntry, type LogEntryPlan, type PlannedWrite } from './testing/build-log.ts'
import { batAt, buildVhdx, logAt, logLength, resealVhdx } from './testing/build-vhdx.ts'

const path = '/images/dirty.vhdx'
const sector = 4096
const dataAt = 4 * mib

/** Bytes that differ from each other, so that a shifted or cut sector shows. */
function pattern(seed: number): Uint8Array {
  return Uint8Array.from({ length: sector }, (_, index) => (index * 7 + seed * 31 + (index >> 8)) & 0xff)
}

/** A disk of two blocks, present and all 0x11, whose log is dirty. */
function dirtyDisk(log: Uint8Array, patches: readonly Patch[] = []): Uint8Array {
  return buildVhdx({
    virtualSize: 2 * mib,
    blockSize: mib,
    entries: {
      0: { state: blockStates.fullyPresent, offset: dataAt },
      1: { state: blockStates.fullyPresent, offset: dataAt + mib },
    },
    patches: [{ at: dataAt, bytes: new Uint8Array(2 * mib).fill(0x11) }, ...patches],
    log,
  })
}

const write = (place: number, seed: number): PlannedWrite => ({
  at: dataAt + place * sector,
  sector: pattern(seed),
})

function entry(sequenceNumber: number, writes: readonly PlannedWrite[], plan: Partial<LogEntryPlan> = {}) {
  return buildLogEntry({
    lastFileOffset: 6 * mib,
    flushedFileOffset: 6 * mib,
    ...plan,
    sequenceNumber,
    writes,
  })
}

async function readDisk(bytes: Uint8Array): Promise<Uint8Array> {
  await using chain = await openChain(path, memoryFiles({ [path]: bytes }).ports)
  const disk = new Uint8Array(chain.disk.virtualSize)
  await chain.disk.readInto(disk, 0)
  return disk
}

async function problemsOf(bytes: Uint8Array): Promise<readonly string[]> {
  const { problems } = await inspectChain(path, memoryFiles({ [path]: bytes }).ports)
  return problems.map(({ severity, id }) => `${severity} ${id}`)
}

/** What sector `place` of the disk should be. */
function expectSector(disk: Uint8Array, place: number, expected: Uint8Array | number): void {
  const found = disk.subarray(place * sector, (place + 1) * sector)
  const wanted = typeof expected === 'number' ? new Uint8Array(sector).fill(expected) : expected
  expect(Buffer.compare(found, wanted), `sector ${place}`).toBe(0)
}

describe('replay in memory', () => {
  test('data with its first and last bytes, zeros, later entries over earlier ones', async () => {
    const log = buildLog([
      [0, entry(7, [write(0, 1), write(1, 2), { at: dataAt + 3 * sector, zeroLength: 2 * sector }])],
      [3 * sector, entry(8, [write(1, 3), write(4, 4)])],
    ])
    const image = dirtyDisk(log)
    const before = image.slice()
    const disk = await readDisk(image)
    expectSector(disk, 0, pattern(1))
    expectSector(disk, 1, pattern(3))
    expectSector(disk, 2, 0x11)
    expectSector(disk, 3, 0)
    expectSector(disk, 4, pattern(4))
    expectSector(disk, 5, 0x11)
    expect(await problemsOf(image)).toEqual(['warn vhdx-log-replayed'])
    expect(Buffer.compare(image, before)).toBe(0)
  })

  test('the table itself, and a file that grows', async () => {
    const table = new Uint8Array(sector)
    const view = new DataView(table.buffer)
    encodeEntry(view, 0, { state: blockStates.fullyPresent, offset: dataAt + mib })
    encodeEntry(view, 8, { state: blockStates.fullyPresent, offset: dataAt + 2 * mib })
    const log = buildLog([[0, entry(1, [{ at: batAt, sector: table }], { lastFileOffset: 7 * mib })]])
    const image = dirtyDisk(log, [{ at: dataAt + mib, bytes: new Uint8Array(mib).fill(0x22) }])
    const disk = await readDisk(image)
    expectSector(disk, 0, 0x22)
    expectSector(disk, 256, 0)
  })

  test('from the tail on: entries before it are in their places already', async () => {
    const tail = 2 * sector
    const log = buildLog([
      [0, entry(1, [write(0, 1)])],
      [tail, entry(2, [write(1, 2)], { tail })],
      [2 * tail, entry(3, [write(2, 3)], { tail })],
    ])
    const disk = await readDisk(dirtyDisk(log))
    expectSector(disk, 0, 0x11)
    expectSector(disk, 1, pattern(2))
    expectSector(disk, 2, pattern(3))
  })

  test('a sequence, and an entry, that go on at the start of the log', async () => {
    const tail = logLength - 3 * sector
    const log = buildLog([
      [tail, entry(5, [write(0, 1)], { tail })],
      [logLength - sector, entry(6, [write(1, 2), write(2, 3)], { tail })],
      [2 * sector, entry(7, [write(3, 4)], { tail })],
    ])
    const disk = await readDisk(dirtyDisk(log))
    for (const place of [0, 1, 2, 3]) expectSector(disk, place, pattern(place + 1))
  })

  test('the sequence with the highest number, not one left from before', async () => {
    const tail = 8 * sector
    const log = buildLog([
      [0, entry(90, [write(0, 1)])],
      [tail, entry(100, [write(1, 2)], { tail })],
      [16 * sector, entry(40, [write(2, 3)], { tail: 16 * sector })],
    ])
    const disk = await readDisk(dirtyDisk(log))
    expectSector(disk, 0, 0x11)
    expectSector(disk, 1, pattern(2))
    expectSector(disk, 2, 0x11)
  })

  test('more descriptors than fit into the first sector', async () => {
    const writes = Array.from({ length: 200 }, (_, place) => write(place, place))
    const disk = await readDisk(dirtyDisk(buildLog([[0, entry(3, writes)]])))
    for (const place of [0, 125, 126, 127, 199]) expectSector(disk, place, pattern(place))
    expectSector(disk, 200, 0x11)
  })

  test('a sequence number above 2^32', async () => {
    const disk = await readDisk(dirtyDisk(buildLog([[0, entry(2 ** 40 + 3, [write(0, 1)])]])))
    expectSector(disk, 0, pattern(1))
  })

  test('the region table, so that it is read after the log', async () => {
    const image = dirtyDisk(buildLog([]))
    const table = image.slice(192 * 1024, 192 * 1024 + sector)
    const log = buildLog([[0, entry(1, [{ at: 192 * 1024, sector: table }])]])
    image.set(log, logAt)
    image.fill(0, 192 * 1024, 192 * 1024 + sector)
    expect(await problemsOf(image)).toEqual(['warn vhdx-log-replayed'])
  })
})

describe('torn logs', () => {
  const first = () => entry(1, [write(0, 1)])
  const second = () => entry(2, [write(1, 2)])
  const third = () => entry(3, [write(2, 3)])
  const flipped = (bytes: Uint8Array, at: number) => {
    bytes[at] = (bytes[at] ?? 0) ^ 0xff
    return bytes
  }
  const resealed = (bytes: Uint8Array, at: number, value: readonly number[]) => {
    bytes.set(value, at)
    sealChecksum(bytes)
    return bytes
  }

  test.each([
    ['header', 40],
    ['file offset', 64 + 16],
    ['number of a data sector', 2 * sector - 1],
    ['data', sector + 100],
  ])('an end with a flipped byte in its %s is left out', async (_, at) => {
    const log = buildLog([
      [0, first()],
      [2 * sector, flipped(second(), at)],
    ])
    const disk = await readDisk(dirtyDisk(log))
    expectSector(disk, 0, pattern(1))
    expectSector(disk, 1, 0x11)
  })

  test('a torn entry in the middle: what comes before counts, what comes after is said to be lost', async () => {
    const log = buildLog([
      [0, first()],
      [2 * sector, flipped(second(), sector + 100)],
      [4 * sector, third()],
    ])
    const image = dirtyDisk(log)
    const disk = await readDisk(image)
    expectSector(disk, 0, pattern(1))
    expectSector(disk, 2, 0x11)
    expect(await problemsOf(image)).toEqual(['warn vhdx-log-replayed', 'warn vhdx-log-entries-left-out'])
  })

  test.each<[string, () => Uint8Array]>([
    ['without entries', () => new Uint8Array(0)],
    ['of another log', () => entry(1, [write(0, 1)], { guid: '00000000-0000-4000-8000-000000000001' })],
    ['with a wrong checksum', () => flipped(first(), 4)],
    ['whose tail is not there', () => entry(1, [write(0, 1)], { tail: 8 * sector })],
    ['whose tail is outside the log', () => entry(1, [write(0, 1)], { tail: logLength })],
    ['whose tail is in part of a sector', () => entry(1, [write(0, 1)], { tail: 512 })],
    ['with sequence number 0', () => entry(0, [write(0, 1)])],
    ['with a sequence number past 2^53', () => resealed(first(), 22, [0xff, 0xff])],
    ['with a length of 0', () => resealed(first(), 8, [0, 0, 0, 0])],
    ['with a length in part of a sector', () => resealed(first(), 8, [1])],
    ['longer than the log', () => resealed(first(), 8, [0, 0, 0, 1])],
    ['with more descriptors than fit', () => resealed(first(), 24, [0xff, 0xff, 0xff, 0xff])],
    ['with a descriptor too many', () => resealed(first(), 24, [2])],
    ['with a descriptor of another number', () => resealed(first(), 64 + 24, [9])],
    ['with a descriptor of unknown kind', () => resealed(first(), 64, [1])],
    ['with a place in part of a sector', () => resealed(first(), 64 + 16, [1])],
    ['with a place past 2^53', () => resealed(first(), 64 + 22, [0xff, 0xff])],
    ['with a data sector of another kind', () => resealed(first(), sector, [1])],
    ['with a data sector of another number', () => resealed(first(), 2 * sector - 4, [9])],
    [
      'with zeros past 2^53',
      () => resealed(entry(1, [{ at: dataAt, zeroLength: sector }]), 64 + 14, [0xff, 0xff]),
    ],
    ['with zeros for part of a sector', () => entry(1, [{ at: dataAt, zeroLength: 512 }])],
  ])('a log %s is refused', async (_, build) => {
    const image = dirtyDisk(buildLog([[0, build()]]))
    await expect(readDisk(image)).rejects.toMatchObject({ code: 'corrupt' })
    expect(await problemsOf(image)).toEqual(['block corrupt'])
  })

  test('a file shorter than the log says was flushed is refused', async () => {
    const log = buildLog([[0, entry(1, [write(0, 1)], { flushedFileOffset: 6 * mib + 1 })]])
    await expect(readDisk(dirtyDisk(log))).rejects.toMatchObject({ code: 'truncated' })
  })
})

describe('limits', () => {
  test('a log of unknown version is refused only when it must be replayed', async () => {
    const image = dirtyDisk(buildLog([[0, entry(1, [write(0, 1)])]]))
    for (const at of headersAt) image[at + 64] = 1
    await expect(readDisk(resealVhdx(image))).rejects.toMatchObject({ code: 'unsupported-feature' })
    for (const at of headersAt) image.fill(0, at + 48, at + 64)
    expectSector(await readDisk(resealVhdx(image)), 0, 0x11)
  })

  test('a log longer than 32 MiB is refused', async () => {
    const image = new Uint8Array(64 * mib)
    image.set(dirtyDisk(buildLog([])))
    for (const at of headersAt) new DataView(image.buffer).setUint32(at + 68, 33 * mib, true)
    await expect(readDisk(resealVhdx(image))).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  test('entries that overlap cost no more than a few passes over the log', async () => {
    // Every sector is an entry without descriptors that claims the whole log: a checksum over all of it each.
    const log = new Uint8Array(logLength)
    for (let at = 0; at < logLength; at += sector) {
      const claim = entry(1 + at / sector, [])
      new DataView(claim.buffer).setUint32(8, logLength, true)
      log.set(claim, at)
    }
    await expect(readDisk(dirtyDisk(log))).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  test('zeros of any length cost nothing', async () => {
    const zeros = Array.from({ length: 120 }, (_, index) => ({
      at: dataAt + index * sector,
      zeroLength: 2 ** 52,
    }))
    const disk = await readDisk(dirtyDisk(buildLog([[0, entry(1, zeros)]])))
    expect(disk.every((byte) => byte === 0)).toBe(true)
  })
})
