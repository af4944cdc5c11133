import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { mbrSector } from '@varve/test-kit/mbr-sector'

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

export const diskSize = 2 * GiB
/** Bytes of the disk that are written; the rest are holes. */
export const dataSize = 1.2 * GiB

/** A stream of numbers that is the same each time (xorshift32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Bytes that do not pack, as media and archives. */
function noisePool(next: () => number): Buffer {
  return Buffer.from(Uint32Array.from({ length: (8 * MiB) / 4 }, next).buffer)
}

/** Bytes that pack about three to one, as text, programs and logs. */
function textPool(next: () => number): Buffer {
  const words = Array.from({ length: 3000 }, () => {
    const length = 2 + (next() % 9)
    return Array.from({ length }, () => String.fromCharCode(97 + (next() % 26))).join('')
  })
  const parts: string[] = []
  for (let length = 0; length < 8 * MiB;) {
    const word = words[Math.min(next() % 3000, next() % 3000)] ?? ''
    const part = next() % 12 === 0 ? `${word} ${next() % 10_000}\n` : `${word} `
    parts.push(part)
    length += part.length
  }
  return Buffer.from(parts.join('')).subarray(0, 8 * MiB)
}

/**
 * Writes a raw disk as a used guest leaves it: files of 64 KiB to 16 MiB with gaps between them, four parts of text, four of
 * noise and one of zeros that were written. The same bytes each time.
 */
export function writeBenchDisk(path: string): void {
  const next = numbers(0x5eed)
  const pools = { text: textPool(next), noise: noisePool(next), zeros: Buffer.alloc(8 * MiB) }
  const kinds = ['text', 'noise', 'text', 'noise', 'zeros', 'text', 'noise', 'text', 'noise'] as const
  const fd = openSync(path, 'w')
  ftruncateSync(fd, diskSize)
  writeSync(fd, mbrSector(diskSize), 0, 512, 0)
  let at = MiB
  for (let written = 0, file = 0; written < dataSize; file += 1) {
    const pool = pools[kinds[file % kinds.length] ?? 'text']
    const wanted = 64 * KiB * (1 + (next() % 2 ** (next() % 9)))
    const length = Math.min(wanted, dataSize - written, diskSize - at)
    if (length <= 0) break
    writeFromPool(fd, { pool, at, length, next })
    written += length
    at +=
      length +
      4 * KiB * (next() % Math.max(1, Math.floor(((diskSize - dataSize) / dataSize) * (wanted / (2 * KiB)))))
  }
  closeSync(fd)
}

interface PoolWrite {
  readonly pool: Buffer
  readonly at: number
  readonly length: number
  readonly next: () => number
}

/** Slices from random places of the pool, so that blocks do not repeat. */
function writeFromPool(fd: number, { pool, at, length, next }: PoolWrite): void {
  for (let done = 0; done < length;) {
    const size = Math.min(length - done, 64 * KiB)
    const from = next() % (pool.length - size)
    writeSync(fd, pool, from, size, at + done)
    done += size
  }
}
