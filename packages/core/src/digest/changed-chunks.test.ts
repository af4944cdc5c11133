import { expect, test } from 'vitest'
import { changedChunks, rangesOfChunks } from './changed-chunks.ts'
import { chunkSize, Manifest } from './disk-digest.ts'

function manifestOf(size: number, leaves: Readonly<Record<number, number>>): Manifest {
  const manifest = new Manifest(size)
  for (const [index, byte] of Object.entries(leaves))
    manifest.setLeaf(Number(index), new Uint8Array(32).fill(byte))
  return manifest
}

test('a chunk that is written, zeroed or filled is a difference; one that is equal is none', () => {
  const before = manifestOf(8 * chunkSize, { 0: 1, 1: 2, 5: 3 })
  const after = manifestOf(8 * chunkSize, { 0: 1, 1: 9, 6: 4 })
  expect(changedChunks(before, after)).toEqual([1, 5, 6])
  expect(changedChunks(before, before)).toEqual([])
})

test('what lies in the longer disk only is a difference, zeros too', () => {
  const before = manifestOf(2 * chunkSize + 512, { 0: 1 })
  const after = manifestOf(4 * chunkSize, { 0: 1 })
  expect(changedChunks(before, after)).toEqual([2, 3])
  expect(changedChunks(after, before)).toEqual([2, 3])
})

test('neighbours are one range, and the last one ends with the disk', () => {
  expect(rangesOfChunks([0, 1, 3], 3 * chunkSize + 512)).toEqual([
    { start: 0, end: 2 * chunkSize },
    { start: 3 * chunkSize, end: 3 * chunkSize + 512 },
  ])
})
