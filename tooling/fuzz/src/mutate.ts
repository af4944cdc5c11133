import type { PreparedFile } from './seed.ts'
import type { Scratch } from './scratch.ts'

export type Random = (below: number) => number

/** What a mutation works on. */
interface Bench {
  readonly random: Random
  readonly file: PreparedFile
  readonly scratch: Scratch
}

const twoTo32 = 0x1_0000_0000

/** Changes a file by one to six mutations; nothing about them depends on anything but `random` and the file. */
export function mutate(random: Random, file: PreparedFile, scratch: Scratch): void {
  const bench: Bench = { random, file, scratch }
  for (let count = 1 + random(random(3) === 0 ? 6 : 2); count > 0; count -= 1) {
    const choices = file.isText && random(4) > 0 ? textMutations : mutations
    choices[random(choices.length)]?.(bench)
  }
}

type Mutation = (bench: Bench) => void

/** Those that reach furthest stand more than once. */
const mutations: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setField,
  setField,
  setField,
  setField,
  copyField,
  copyField,
  fillRun,
  copySector,
  swapBytes,
  shiftBytes,
  cutShort,
]

const textMutations: readonly Mutation[] = [
  changeNumber,
  changeNumber,
  shiftBytes,
  copyLine,
  flipBit,
  setByte,
]

/** A byte where structures are likely: the ends, and sectors that hold something, low ones more often. */
function place({ random, file, scratch }: Bench): number {
  const { size } = scratch
  if (size === 0) return 0
  const kind = random(10)
  if (kind < 3) return random(Math.min(size, kind === 0 ? 128 : 4096))
  if (kind === 3) return Math.max(0, size - 1 - random(Math.min(size, 1024)))
  if (kind === 4) return random(size)
  const { length } = file.sectors
  const index = kind < 7 ? Math.floor((random(length) * random(1000)) / 1000) : random(length)
  return Math.min(size - 1, (file.sectors[index] ?? 0) * 512 + random(random(2) === 0 ? 64 : 512))
}

function flipBit(bench: Bench): void {
  const at = place(bench)
  bench.scratch.write(at, Uint8Array.of(bench.scratch.byteAt(at) ^ (1 << bench.random(8))))
}

function setByte(bench: Bench): void {
  const values = [0, 1, 2, 0x7f, 0x80, 0xff, 0x20, bench.random(256)]
  bench.scratch.write(place(bench), Uint8Array.of(values[bench.random(values.length)] ?? 0))
}

/** Changes an aligned field of 2, 4 or 8 bytes to a value at which programs break. */
function setField(bench: Bench): void {
  const { random, scratch } = bench
  const width = [2, 4, 4, 8, 8][random(5)] ?? 4
  const at = place(bench) & ~(width - 1)
  const isLittle = random(2) === 0
  const old = readField(scratch, { at, width, isLittle })
  scratch.write(at, fieldBytes(newValue(bench, old), width, isLittle))
}

function newValue({ random, scratch }: Bench, old: bigint): bigint {
  const size = BigInt(scratch.size)
  const values: readonly bigint[] = [
    0n,
    1n,
    old + 1n,
    old - 1n,
    old * 2n,
    old / 2n,
    old ^ (1n << BigInt(random(64))),
    -1n,
    -2n,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    0x7fff_ffff_ffff_ffffn,
    0x8000_0000_0000_0000n,
    1n << 53n,
    (1n << 53n) - 1n,
    1n << 40n,
    1n << BigInt(random(64)),
    (1n << BigInt(random(64))) - 1n,
    size,
    size - 1n,
    size + 512n,
    size / 512n,
    size / 512n - 1n,
    (size / 4096n) * 4096n - 4096n,
    BigInt(random(scratch.size)) & ~511n,
    BigInt(random(65_536)) * 65_536n,
    BigInt(random(65_536)),
    BigInt(random(256)),
  ]
  return values[random(values.length)] ?? 0n
}

/** Puts a field of the file in the place of another: two tables that share a cluster, a table that is its own child. */
function copyField(bench: Bench): void {
  const { random, scratch } = bench
  const width = random(2) === 0 ? 4 : 8
  const from = place(bench) & ~(width - 1)
  const near = Math.max(0, from + (random(33) - 16) * width)
  const to = random(2) === 0 ? near : place(bench) & ~(width - 1)
  scratch.write(to, scratch.view().slice(from, from + width))
}

function fillRun(bench: Bench): void {
  const { random, scratch } = bench
  const length = 1 + random([8, 64, 512, 4096][random(4)] ?? 8)
  const values = [0, 0xff, 0x41, 0x01, random(256)]
  scratch.write(place(bench), new Uint8Array(length).fill(values[random(values.length)] ?? 0))
}

function copySector(bench: Bench): void {
  const { random, scratch } = bench
  const length = 512 << random(4)
  const from = Math.floor(place(bench) / 512) * 512
  const to = Math.floor(place(bench) / 512) * 512
  scratch.write(to, scratch.view().slice(from, from + length))
}

function swapBytes(bench: Bench): void {
  const width = bench.random(2) === 0 ? 4 : 8
  const at = place(bench) & ~(width - 1)
  bench.scratch.write(
    at,
    bench.scratch
      .view()
      .slice(at, at + width)
      .reverse(),
  )
}

/** Takes bytes out or puts some in, and moves what follows in a window of at most 64 KiB. */
function shiftBytes(bench: Bench): void {
  const { random, scratch } = bench
  const at = place(bench)
  const window = scratch.view().slice(at, at + 65_536)
  const count = 1 + random(32)
  const shifted =
    random(2) === 0
      ? [...window.subarray(count), ...new Uint8Array(Math.min(count, window.length))]
      : [...window.subarray(0, count), ...window.subarray(0, Math.max(0, window.length - count))]
  scratch.write(at, Uint8Array.from(shifted))
}

function cutShort({ random, scratch }: Bench): void {
  const { size } = scratch
  const places = [
    random(size),
    size - 1 - random(Math.min(size, 1024)),
    Math.floor(random(size) / 512) * 512,
    random(4096),
  ]
  scratch.cut(places[random(places.length)] ?? size)
}

/** Changes a number in a text, within its digits. */
function changeNumber(bench: Bench): void {
  const { random, scratch } = bench
  const text = Buffer.from(scratch.view()).toString('latin1')
  const numbers = [...text.matchAll(/\d+/gu)]
  const number = numbers[random(numbers.length)]
  if (!number) return
  const { length } = number[0]
  const digits = [
    '9'.repeat(length),
    '0'.repeat(length),
    String(random(twoTo32)).padStart(length, '1').slice(0, length),
  ]
  scratch.write(number.index, Buffer.from(digits[random(digits.length)] ?? '', 'latin1'))
}

/** Writes one line of a text over another. */
function copyLine({ random, scratch }: Bench): void {
  const text = Buffer.from(scratch.view()).toString('latin1')
  const lines = [...text.matchAll(/[^\n]+\n/gu)]
  const [from, to] = [lines[random(lines.length)], lines[random(lines.length)]]
  if (!from || !to) return
  const rest = text.slice(to.index + to[0].length)
  scratch.write(to.index, Buffer.from(`${from[0]}${rest}`, 'latin1'))
}

interface FieldPlace {
  readonly at: number
  readonly width: number
  readonly isLittle: boolean
}

function readField(scratch: Scratch, { at, width, isLittle }: FieldPlace): bigint {
  let value = 0n
  for (let i = 0; i < width; i += 1) {
    value = (value << 8n) | BigInt(scratch.byteAt(at + (isLittle ? width - 1 - i : i)))
  }
  return value
}

function fieldBytes(value: bigint, width: number, isLittle: boolean): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt.asUintN(64, value), isLittle)
  return isLittle ? bytes.subarray(0, width) : bytes.subarray(8 - width)
}
