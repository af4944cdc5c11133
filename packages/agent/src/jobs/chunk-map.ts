import { chunkStates } from '@varve/engine/run/requests'
import type { ChunkMap } from '@varve/protocol/job-progress'

const cellLimit = 1024

/** The states of all chunks as at most 1,024 cells; a cell shows the least finished of its chunks, but work in it first. */
export function toChunkMap(states: Uint8Array): ChunkMap {
  const chunksPerCell = Math.max(1, Math.ceil(states.length / cellLimit))
  let cells = ''
  for (let start = 0; start < states.length; start += chunksPerCell) {
    cells += cellOf(states.subarray(start, start + chunksPerCell))
  }
  return { chunks: states.length, chunksPerCell, cells, counts: countStates(states) }
}

function countStates(states: Uint8Array): NonNullable<ChunkMap['counts']> {
  const counts = [0, 0, 0, 0, 0]
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  const count = (state: number) => counts[state] ?? 0
  return {
    waiting: count(chunkStates.waiting),
    inFlight: count(chunkStates.inFlight),
    written: count(chunkStates.written),
    proven: count(chunkStates.proven),
    skipped: count(chunkStates.skipped),
  }
}

/** From what matters most to what matters least. */
const letters: readonly (readonly [state: number, letter: string])[] = [
  [chunkStates.inFlight, 'f'],
  [chunkStates.waiting, '.'],
  [chunkStates.written, 'w'],
  [chunkStates.proven, 'p'],
  [chunkStates.skipped, 'z'],
]

function cellOf(states: Uint8Array): string {
  return letters.find(([state]) => states.includes(state))?.[1] ?? '.'
}
