import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { magics } from './numbers.ts'
import { chunkHeader, requestHeader, simpleReply } from './transmission-messages.ts'

const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

describe('messages of the transmission phase', () => {
  test('a request reads back as written', () => {
    const requests = fc.record({
      magic: fc.constant(magics.request),
      flags: u16,
      type: u16,
      cookie: u64,
      offset: u64,
      length: u32,
    })
    fc.assert(
      fc.property(requests, (request) => {
        expect(requestHeader.read(requestHeader.write(request), 'test')).toEqual(request)
      }),
    )
  })

  test('a chunk header reads back as written', () => {
    const chunks = fc.record({ magic: u32, flags: u16, type: u16, cookie: u64, length: u32 })
    fc.assert(
      fc.property(chunks, (chunk) => {
        expect(chunkHeader.read(chunkHeader.write(chunk), 'test')).toEqual(chunk)
      }),
    )
  })

  test('the bytes are those of the specification', () => {
    const request = { magic: magics.request, flags: 4, type: 0, cookie: 1n, offset: 0x0102n, length: 512 }
    expect([...requestHeader.write(request)]).toEqual([
      0x25, 0x60, 0x95, 0x13, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 2, 0,
    ])
    const reply = { magic: magics.simpleReply, error: 5, cookie: 2n ** 64n - 1n }
    expect([...simpleReply.write(reply)]).toEqual([
      0x67, 0x44, 0x66, 0x98, 0, 0, 0, 5, 255, 255, 255, 255, 255, 255, 255, 255,
    ])
  })
})
