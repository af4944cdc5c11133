import { copyFile, open, readFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseGuid } from '../../binary/uuid.ts'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { sealChecksum } from './checksum.ts'
import { header, headersAt } from './header.ts'
import { buildLog, buildLogEntry } from './testing/build-log.ts'
import { logGuid } from './testing/build-vhdx.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3

interface MapEntry {
  readonly start: number
  readonly length: number
  readonly data: boolean
}

/** Compares every range that QEMU calls data, and that nothing else is data. */
async function expectSameDisk(path: string, raw: string): Promise<void> {
  await runToolOk('qemu-img', ['convert', '-f', 'vhdx', '-O', 'raw', path, raw])
  const map = JSON.parse(
    await runToolOk('qemu-img', ['map', '-f', 'raw', '--output=json', raw]),
  ) as MapEntry[]
  await using chain = await openChain(path, nodePorts)
  await using flat = await open(raw)
  const ours = Buffer.alloc(4 * MiB)
  const theirs = Buffer.alloc(4 * MiB)
  for (const { start, length, data } of map) {
    for (let at = start; data && at < start + length; at += ours.length) {
      const part = Math.min(ours.length, start + length - at)
      await chain.disk.readInto(ours.subarray(0, part), at)
      await flat.read(theirs, 0, part, at)
      expect(ours.subarray(0, part).equals(theirs.subarray(0, part)), `at ${at}`).toBe(true)
    }
  }
  for await (const { start, length, content } of chain.disk.extents({
    start: 0,
    end: chain.disk.virtualSize,
  })) {
    if (content !== 'data') continue
    const isHole = map.some(
      (entry) => !entry.data && entry.start <= start && start + length <= entry.start + entry.length,
    )
    if (!isHole) continue
    await chain.disk.readInto(ours.subarray(0, MiB), start)
    expect(ours.subarray(0, MiB).every((byte) => byte === 0)).toBe(true)
  }
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('VHDX against qemu-img', () => {
  let place: TempPlace
  beforeAll(async () => {
    place = await tempPlace()
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  async function written(name: string, size: number, options: string): Promise<string> {
    const path = place.file(name)
    await runToolOk('qemu-img', ['create', '-f', 'vhdx', '-o', options, path, `${size}`])
    const random = seededRandom(size / MiB)
    const writes = Array.from({ length: 8 }, (_, index) => {
      const at = random(size / 512 - 8192) * 512
      return ['-c', `write -q -P ${index + 1} ${at} ${512 * (1 + random(4000))}`]
    })
    const last = ['-c', `write -q -P 99 ${size - 512} 512`]
    await runToolOk('qemu-io', ['-f', 'vhdx', ...writes.flat(), ...last, path])
    return path
  }

  test.each([
    ['1M', 300 * MiB],
    ['2M', 300 * MiB],
    ['8M', GiB],
    ['32M', 5 * GiB],
    ['256M', 6 * GiB],
  ])('dynamic, blocks of %s', async (blockSize, size) => {
    const path = await written(`dynamic-${blockSize}.vhdx`, size, `block_size=${blockSize}`)
    const { links } = await inspectChain(path, nodePorts)
    expect(links[0].facts).toMatchObject({ subformat: 'dynamic', virtualSize: size, problems: [] })
    await expectSameDisk(path, place.file(`${blockSize}.raw`))
  })

  test('fixed', async () => {
    const path = await written('fixed.vhdx', 64 * MiB, 'subformat=fixed')
    const { links } = await inspectChain(path, nodePorts)
    expect(links[0].facts).toMatchObject({ subformat: 'fixed', virtualSize: 64 * MiB, problems: [] })
    await expectSameDisk(path, place.file('fixed.raw'))
  })

  test('64 TiB, the largest disk there is', async () => {
    const size = 64 * 1024 * GiB
    const path = place.file('large.vhdx')
    await runToolOk('qemu-img', ['create', '-f', 'vhdx', path, `${size}`])
    await runToolOk('qemu-io', ['-f', 'vhdx', '-c', `write -q -P 5 ${size - MiB} 1M`, path])
    await using chain = await openChain(path, nodePorts)
    expect(chain.disk.virtualSize).toBe(size)
    const bytes = Buffer.alloc(2 * MiB)
    await chain.disk.readInto(bytes, size - bytes.length)
    expect(bytes.equals(Buffer.concat([Buffer.alloc(MiB), Buffer.alloc(MiB, 5)]))).toBe(true)
    let dataBytes = 0
    for await (const { length, content } of chain.disk.extents({ start: 0, end: size }))
      if (content === 'data') dataBytes += length
    expect(dataBytes).toBe(64 * MiB)
  })

  test('a log that QEMU replays gives the same disk before and after', async () => {
    const path = await written('clean.vhdx', 64 * MiB, 'block_size=1M')
    const dirty = place.file('dirty.vhdx')
    await copyFile(path, dirty)
    const bytes = await readFile(path)
    const sector = Buffer.alloc(4096, 0xc3)
    const dataAt = bytes.length - MiB
    const writes = [
      { at: dataAt + 4096, sector },
      { at: dataAt + 3 * 4096, zeroLength: 8192 },
    ]
    const plan = { sequenceNumber: 4, writes, flushedFileOffset: bytes.length, lastFileOffset: bytes.length }
    const log = buildLog([[0, buildLogEntry(plan)]])
    await using file = await open(dirty, 'r+')
    await file.write(log, 0, log.length, MiB)
    for (const at of headersAt) {
      const head = Uint8Array.from(bytes.subarray(at, at + header.size))
      head.set(parseGuid(logGuid), 48)
      sealChecksum(head)
      await file.write(head, 0, head.length, at)
    }
    await file.sync()
    const refused = await runTool('qemu-img', [
      'convert',
      '-f',
      'vhdx',
      '-O',
      'raw',
      dirty,
      place.file('no.raw'),
    ])
    expect(refused.stderr).toContain('contains a log that needs to be replayed')
    const disk = Buffer.alloc(64 * MiB)
    {
      await using chain = await openChain(dirty, nodePorts)
      await chain.disk.readInto(disk, 0)
    }
    await runToolOk('qemu-img', ['check', '-r', 'all', '-f', 'vhdx', dirty])
    await runToolOk('qemu-img', ['convert', '-f', 'vhdx', '-O', 'raw', dirty, place.file('replayed.raw')])
    expect(disk.equals(await readFile(place.file('replayed.raw')))).toBe(true)
    expect(disk.includes(sector)).toBe(true)
    expect((await inspectChain(dirty, nodePorts)).problems).toEqual([])
  })
})
