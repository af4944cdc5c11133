import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ascii, bytes, u16be, u16le, u32be, u32le, u64be, u64le, u8 } from './fields.ts'
import { struct } from './struct.ts'

const sample = struct('sample', 48, {
  mark: [0, ascii(4)],
  small: [4, u8],
  shortBig: [6, u16be],
  shortLittle: [8, u16le],
  wordBig: [12, u32be],
  wordLittle: [16, u32le],
  longBig: [24, u64be],
  longLittle: [32, u64le],
  raw: [40, bytes(8)],
})

const sampleValues = fc.record({
  mark: fc.constantFrom('', 'a', 'KDMV'),
  small: fc.integer({ min: 0, max: 0xff }),
  shortBig: fc.integer({ min: 0, max: 0xffff }),
  shortLittle: fc.integer({ min: 0, max: 0xffff }),
  wordBig: fc.integer({ min: 0, max: 0xffff_ffff }),
  wordLittle: fc.integer({ min: 0, max: 0xffff_ffff }),
  longBig: fc.maxSafeNat(),
  longLittle: fc.maxSafeNat(),
  raw: fc.uint8Array({ minLength: 8, maxLength: 8 }),
})

describe('struct', () => {
  test('reads what it wrote, at any place', () => {
    fc.assert(
      fc.property(sampleValues, fc.nat(20), (value, at) => {
        const file = new Uint8Array(at + sample.size)
        file.set(sample.write(value), at)
        expect(sample.read(file, 'f', at)).toEqual(value)
      }),
    )
  })

  test('writes each field where and as the table says', () => {
    const written = sample.write({
      mark: 'AB',
      small: 1,
      shortBig: 0x0203,
      shortLittle: 0x0203,
      wordBig: 0x04050607,
      wordLittle: 0x04050607,
      longBig: 0x1_0000_0002,
      longLittle: 0x1_0000_0002,
      raw: new Uint8Array([9, 9, 9, 9, 9, 9, 9, 9]),
    })
    const first = [0x41, 0x42, 0, 0, 1, 0, 2, 3, 3, 2, 0, 0, 4, 5, 6, 7, 7, 6, 5, 4, 0, 0, 0, 0]
    const second = [0, 0, 0, 1, 0, 0, 0, 2, 2, 0, 0, 0, 1, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]
    expect([...written]).toEqual([...first, ...second])
  })

  test('a structure that is cut short is truncated, not read past its end', () => {
    expect(() => sample.read(new Uint8Array(47), 'disk.img')).toThrow(
      expect.objectContaining({ code: 'truncated', file: 'disk.img' }),
    )
    expect(() => sample.read(new Uint8Array(60), 'disk.img', 20)).toThrow(
      expect.objectContaining({ code: 'truncated' }),
    )
  })

  test('64 bits above 2^53−1 are refused by name, 2^53−1 is read', () => {
    const file = new Uint8Array(48)
    const view = new DataView(file.buffer)
    view.setBigUint64(24, 2n ** 53n - 1n)
    expect(sample.read(file, 'f').longBig).toBe(Number.MAX_SAFE_INTEGER)
    view.setBigUint64(24, 2n ** 53n)
    expect(() => sample.read(file, 'f')).toThrow(
      expect.objectContaining({
        code: 'limit-exceeded',
        message: expect.stringContaining('sample, longBig'),
      }),
    )
  })

  test('values that do not fit are not written', () => {
    const tiny = struct('tiny', 1, { only: [0, u8] })
    for (const value of [256, -1, 0.5, Number.NaN])
      expect(() => tiny.write({ only: value })).toThrow(RangeError)
  })

  test('a table with overlapping or outlying fields does not load', () => {
    expect(() => struct('bad', 8, { a: [0, u32be], b: [2, u32be] })).toThrow('field b')
    expect(() => struct('bad', 8, { a: [6, u32be] })).toThrow('field a')
  })
})
