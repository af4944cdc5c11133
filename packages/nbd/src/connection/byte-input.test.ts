import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteInput, StreamEnded } from './byte-input.ts'

const quiet = { onWanted: () => {}, onBytes: () => {} }

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index % 251)
}

/** Plays the kernel: puts `bytes` where the input wants them, at most `step` at a time. */
function deliver(input: ByteInput, bytes: Uint8Array, step: number): void {
  for (let at = 0; at < bytes.length;) {
    const space = input.space()
    const count = Math.min(step, space.length, bytes.length - at)
    space.set(bytes.subarray(at, at + count))
    input.received(count, space)
    at += count
  }
}

describe('ByteInput', () => {
  test('reads of any length get the bytes of chunks of any length, both ways in', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        lengths,
        fc.integer({ min: 1000, max: 150_000 }),
        fc.boolean(),
        async (reads, step, isDirect) => {
          const bytes = counting(reads.reduce((sum, length) => sum + length, 0))
          const input = new ByteInput(quiet)
          const targets = reads.map((length) => new Uint8Array(length))
          const reading = (async () => {
            for (const target of targets) await input.fill(target)
          })()
          for (let at = 0; at < bytes.length; at += step) {
            const chunk = bytes.slice(at, at + step)
            if (isDirect) deliver(input, chunk, step)
            else input.push(chunk)
            await Promise.resolve()
          }
          await reading
          expect(Buffer.concat(targets).equals(bytes)).toBe(true)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('large reads land in the memory of the caller', () => {
    const input = new ByteInput(quiet)
    const target = new Uint8Array(1024 * 1024)
    void input.fill(target)
    expect(input.space().buffer).toBe(target.buffer)
    input.received(10, input.space())
    expect(input.space().byteOffset).toBe(10)
  })

  test('small reads do not', () => {
    const input = new ByteInput(quiet)
    const target = new Uint8Array(16)
    void input.fill(target)
    expect(input.space().buffer).not.toBe(target.buffer)
  })

  test('bytes that nobody reads hold the stream back until they are read', async () => {
    let isWanted = 0
    const input = new ByteInput({ onWanted: () => (isWanted += 1), onBytes: () => {} })
    expect(input.push(new Uint8Array(100_000))).toBe(true)
    expect(input.push(new Uint8Array(100_000))).toBe(false)
    await input.fill(new Uint8Array(50_000))
    expect(isWanted).toBe(0)
    await input.fill(new Uint8Array(50_000))
    expect(isWanted).toBe(1)
  })

  test('the end of the stream fails the read under way and all that follow', async () => {
    const input = new ByteInput(quiet)
    const reading = input.fill(new Uint8Array(10))
    input.push(new Uint8Array(4))
    input.end('gone')
    await expect(reading).rejects.toMatchObject({ name: 'StreamEnded', message: 'gone', isClean: false })
    await expect(input.fill(new Uint8Array(1))).rejects.toBeInstanceOf(StreamEnded)
    await expect(input.fill(new Uint8Array(1))).rejects.toMatchObject({ isClean: true })
  })
})
