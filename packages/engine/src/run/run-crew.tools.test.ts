import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tempPlace } from '@varve/test-kit/temp-place'
import { nodePorts } from '../ports/ports.ts'
import { ChunkBoard, makeBoardMemory } from './chunk-board.ts'
import { type Crew, runCrew } from './run-crew.ts'
import { workerCount } from './worker-count.ts'
import type { WorkerJob } from './worker-job.ts'

const coded = (code: string) => expect.objectContaining({ name: 'DiskError', code })

function crewOf(path: string, change: Partial<Crew> = {}): Crew {
  const memory = makeBoardMemory(8 * 1024 * 1024)
  const input = { kind: 'image', path, roots: null, format: 'raw' } as const
  return {
    job: { do: 'digest', input, board: memory, sha256: false },
    count: 2,
    board: new ChunkBoard(memory),
    file: path,
    what: 'the test',
    files: [],
    onMessage() {},
    survey: async () => 0,
    ...change,
  }
}

describe('a crew', () => {
  test('says that a file changed, whatever a thread met because of it', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('a'), Buffer.alloc(8 * 1024 * 1024))
    await using file = await nodePorts({ roots: null }).files.open(place.file('a'))
    const survey = () => {
      writeFileSync(place.file('a'), 'shorter')
      return Promise.reject(new Error('a thread met the change'))
    }
    const run = runCrew(crewOf(place.file('a'), { files: [file], survey }), {})
    await expect(run).rejects.toThrow(coded('source-changed'))
  })

  test('ends well when there is nothing to do', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('a'), Buffer.alloc(8 * 1024 * 1024))
    await runCrew(crewOf(place.file('a')), {})
  })

  test('passes on what a thread failed with', async () => {
    await using place = await tempPlace()
    await expect(runCrew(crewOf(place.file('missing')), {})).rejects.toThrow(coded('not-found'))
  })

  test('ends its threads when the survey fails', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('a'), Buffer.alloc(8 * 1024 * 1024))
    const survey = async () => {
      throw new Error('the survey failed')
    }
    await expect(runCrew(crewOf(place.file('a'), { survey }), {})).rejects.toThrow('the survey failed')
  })

  test('a thread that dies is a coded error', async () => {
    await using place = await tempPlace()
    const job = { do: 'compare', inputs: [], board: null } as unknown as WorkerJob
    await expect(runCrew(crewOf(place.file('a'), { job }), {})).rejects.toThrow(coded('input-output'))
  })

  test('a thread that cannot be started leaves none behind', async () => {
    await using place = await tempPlace()
    const job = { do: 'digest', uncloneable: () => {} } as unknown as WorkerJob
    await expect(runCrew(crewOf(place.file('a'), { job }), {})).rejects.toThrow('could not be cloned')
  })
})

test('no more threads than chunks, and one at least', () => {
  expect(workerCount({ chunks: 0 }, {})).toBe(1)
  expect(workerCount({ chunks: 2 }, { workers: 4 })).toBe(2)
  expect(workerCount({ chunks: 100 }, { workers: 4 })).toBe(4)
})
