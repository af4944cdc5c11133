import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { FormatName } from '@varve/core/image/format-rules'
import type { DiskInput, DiskOutput } from '../src/run/requests.ts'

export const MiB = 1024 * 1024

export function image(path: string, format: FormatName | null = null): DiskInput {
  return { kind: 'image', path, roots: null, format }
}

export function newImage(
  path: string,
  format: DiskOutput['format'],
  compression: DiskOutput['compression'] = 'none',
) {
  return { path, format, compression } satisfies DiskOutput
}

/** Bytes that look random and are the same each time. */
export function noise(length: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = seed | 1
  for (let i = 0; i < words.length; i += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return Buffer.from(words.buffer, 0, length)
}

/** Text that packs well. */
export function prose(length: number, seed: number): Buffer {
  const words = ['cluster', 'grain', 'table', 'guest', 'block', 'extent', 'the', 'of', 'a', '\n']
  const picks = noise(length, seed)
  let text = ''
  for (let i = 0; text.length < length; i += 1)
    text += `${words[(picks[i % picks.length] ?? 0) % words.length] ?? ''} `
  return Buffer.from(text.slice(0, length))
}

/** A raw sparse file of `size` bytes with these pieces in it. */
export function writeSparse(
  path: string,
  size: number,
  pieces: readonly (readonly [number, Uint8Array])[],
): void {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, size)
  for (const [at, bytes] of pieces) writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
}

/** A disk with text, noise, explicit zeros, holes, runs that end inside chunks and clusters, and an odd size. */
export function writeMixed(path: string, size = 61 * MiB + 512): void {
  writeSparse(path, size, [
    [0, noise(3 * MiB, 1)],
    [5 * MiB + 1536, prose(2 * MiB + 100, 2)],
    [12 * MiB, Buffer.alloc(9 * MiB)],
    [24 * MiB - 512, noise(1024, 3)],
    [30 * MiB, noise(9 * MiB, 4)],
    [size - 700, noise(700, 5)],
  ])
}
