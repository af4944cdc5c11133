import { loadKoffi } from '@varve/engine/file-ranges/load-koffi'
import { expect, test } from 'vitest'
import { fileIn } from './disk-calls.ts'
import { readFileDisks, type DiskCalls } from './file-disks.ts'

const codes = { layout: 0x0007_0050, geometry: 0x0007_00a0, attributes: 0x0007_00f0, writable: 0x0007_0024 }

interface Fake {
  readonly files: Readonly<Record<number, string>>
  readonly attributes?: number
  readonly writable?: number
  readonly refuses?: number
}

/** Disks of 8 GiB with a partition from 1 MiB on, which has the letter E. */
function callsOf({ files, attributes = 0, writable = 0, refuses }: Fake): DiskCalls {
  const fill = (name: string, code: number, answer: Buffer): number => {
    if (code === refuses) return 5
    if (name === 'E:') {
      answer.writeUInt32LE(1, 0)
      answer.writeUInt32LE(3, 8)
      answer.writeBigUInt64LE(BigInt(2 ** 20), 16)
      return 0
    }
    if (name.length === 2) return 2
    if (code === codes.writable) return writable
    if (code === codes.attributes) answer.writeUInt32LE(attributes, 8)
    if (code === codes.geometry) answer.writeBigUInt64LE(BigInt(8 * 2 ** 30), 24)
    if (code === codes.layout) {
      answer.writeUInt32LE(4, 4)
      // Windows tells places of an MBR that hold nothing too.
      answer.writeBigUInt64LE(BigInt(2 ** 20), 48 + 8)
      answer.writeBigUInt64LE(BigInt(2 ** 30), 48 + 16)
      answer.writeUInt32LE(1, 48 + 24)
    }
    return 0
  }
  return {
    control(name, code, answer) {
      const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength)
      return { error: fill(name, code, bytes), returned: 0 }
    },
    fileOf: (number) => files[number] ?? null,
  }
}

test('disks that are of files, with their partitions and letters; others are none', () => {
  expect(readFileDisks(callsOf({ files: { 3: 'C:\\vm\\a.vhdx' }, writable: 19 }))).toEqual([
    {
      number: 3,
      path: 'C:\\vm\\a.vhdx',
      size: 8 * 2 ** 30,
      isReadOnly: true,
      isOffline: false,
      partitions: [{ number: 1, start: 2 ** 20, size: 2 ** 30, folders: ['E:\\'] }],
    },
  ])
  expect(readFileDisks(callsOf({ files: {} }))).toEqual([])
})

test.each([
  [0, { isReadOnly: false, isOffline: false }],
  [1, { isReadOnly: false, isOffline: true }],
  [3, { isReadOnly: true, isOffline: true }],
])('attributes %i', (attributes, wanted) => {
  const [disk] = readFileDisks(callsOf({ files: { 2: 'C:\\a.vhd' }, attributes }))
  expect(disk).toMatchObject({ ...wanted, partitions: [{ folders: [] }] })
})

test('a disk that Windows does not tell of is a coded error, never a disk that is not there', () => {
  expect(() => readFileDisks(callsOf({ files: { 2: 'C:\\a.vhd' }, refuses: codes.layout }))).toThrow(
    expect.objectContaining({ code: 'not-readable' }),
  )
})

test('the file of a disk itself, by the letter of its volume; of one without a letter, by its own name', () => {
  const volume = String.raw`\\?\Volume{c310a8dc-799c-43d9-bdf5-dcd066eeaad4}` + '\\'
  const texts = [volume, '\\vm\\übergang 磁盘.vhdx', '\\outer.vhdx'].map((text) =>
    Buffer.from(`${text}\0`, 'utf16le'),
  )
  const koffi = loadKoffi() as unknown as { address(bytes: Buffer): bigint }
  const info = Buffer.alloc(8 + 2 * 64)
  info.writeUInt32LE(2, 4)
  const entry = (at: number, level: number, path: Buffer) => {
    info.writeUInt32LE(level, at + 28)
    info.writeBigUInt64LE(koffi.address(texts[0] ?? path), at + 40)
    info.writeBigUInt64LE(koffi.address(path), at + 56)
  }
  entry(8, 2, texts[2] ?? info)
  entry(72, 1, texts[1] ?? info)
  const asked: string[] = []
  const pathsOf = (name: string) => {
    asked.push(name)
    return ['D:\\', 'C:\\mnt\\d\\']
  }
  expect(fileIn(info, pathsOf)).toBe('D:\\vm\\übergang 磁盘.vhdx')
  expect(asked).toEqual([volume])
  expect(fileIn(info, () => [])).toBe(`${volume}vm\\übergang 磁盘.vhdx`)
  info.writeUInt32LE(0, 4)
  expect(fileIn(info, pathsOf)).toBeNull()
  info.writeUInt32LE(0xffff_ffff, 4)
  expect(fileIn(info, pathsOf)).toBe('D:\\vm\\übergang 磁盘.vhdx')
})
