import { chunkStates } from '@varve/engine/run/requests'
import { ChunkMap } from '@varve/protocol/job-progress'
import { describe, expect, test } from 'vitest'
import { toChunkMap } from './chunk-map.ts'

const { waiting, inFlight, written, proven, skipped } = chunkStates

describe('toChunkMap', () => {
  test('a small disk has a cell for each chunk', () => {
    const states = Uint8Array.of(waiting, inFlight, written, proven, skipped)
    expect(toChunkMap(states)).toEqual({
      chunks: 5,
      chunksPerCell: 1,
      cells: '.fwpz',
      counts: { waiting: 1, inFlight: 1, written: 1, proven: 1, skipped: 1 },
    })
  })

  test('a disk of no bytes has no cells', () => {
    expect(toChunkMap(new Uint8Array())).toMatchObject({
      chunks: 0,
      chunksPerCell: 1,
      cells: '',
    })
  })

  test('1,024 chunks still have a cell each, 1,025 share', () => {
    expect(toChunkMap(new Uint8Array(1024)).chunksPerCell).toBe(1)
    const map = toChunkMap(new Uint8Array(1025).fill(written))
    expect(map.chunksPerCell).toBe(2)
    expect(map.cells).toBe('w'.repeat(513))
    expect(map.counts?.written).toBe(1025)
  })

  test.each([
    [[written, inFlight], 'f'],
    [[written, waiting], '.'],
    [[skipped, written], 'w'],
    [[skipped, proven], 'p'],
    [[skipped, skipped], 'z'],
  ])('a cell of %j shows %s', (pair, cell) => {
    const states = Uint8Array.from({ length: 2048 }, (_, index) => pair[index % 2] ?? 0)
    expect(toChunkMap(states).cells).toBe(cell.repeat(1024))
  })

  test('every map is one that the wire takes', () => {
    for (const chunks of [0, 1, 1023, 1024, 1025, 2047, 2048, 2049, 100_000]) {
      const map = toChunkMap(new Uint8Array(chunks).fill(skipped))
      expect(ChunkMap.parse(map)).toEqual(map)
    }
  })
})
