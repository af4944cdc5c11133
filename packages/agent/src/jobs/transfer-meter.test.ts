import type { TransferProgress } from '@varve/engine/run/requests'
import { JobProgress } from '@varve/protocol/job-progress'
import { describe, expect, test } from 'vitest'
import { TransferMeter } from './transfer-meter.ts'

const progress = (doneBytes: number, input = 0, output = 0): TransferProgress => ({
  doneBytes,
  totalBytes: 1_000_000,
  skippedBytes: 5,
  states: new Uint8Array(3),
  waited: { input, output },
})

const make = (workers = 2) => new TransferMeter({ workers, input: 'wire' }, 0)

describe('TransferMeter', () => {
  test('the first reading has no rate yet', () => {
    const reading = make().read(progress(100), 0)
    expect(reading).toMatchObject({ done: 100, total: 1_000_000, unit: 'bytes', skipped: 5 })
    expect(reading.rate).toBeNull()
    expect(reading.limitedBy).toBeNull()
    expect(JobProgress.parse(reading)).toEqual(reading)
  })

  test('seconds count from the start of the transfer', () => {
    const meter = new TransferMeter({ workers: 1, input: 'wire' }, 500)
    expect(meter.read(progress(100), 2000).seconds).toBe(1.5)
  })

  test('what waits to be read back is written already', () => {
    const meter = new TransferMeter({ workers: 1, input: 'source', before: 'written' }, 0)
    expect(meter.read(progress(0), 0).chunkMap).toMatchObject({
      cells: 'www',
      counts: { written: 3, waiting: 0 },
    })
  })

  test('the rate is that of the last five seconds', () => {
    const meter = make()
    meter.read(progress(0), 0)
    for (let second = 1; second <= 10; second += 1) {
      meter.read(progress(Math.min(second, 5) * 1000), second * 1000)
    }
    expect(meter.read(progress(8000), 11_000).rate).toBe(600)
  })

  test('of a transfer that stands still no limit is known', () => {
    const meter = make()
    meter.read(progress(1000), 0)
    expect(meter.read(progress(1000), 3000)).toMatchObject({ rate: 0, limitedBy: null })
  })

  test.each([
    ['wire', 1.5, 0.1],
    ['target', 0.1, 1.5],
    ['cpu', 0.4, 0.4],
    ['wire', 0.7, 0.5],
  ] as const)('two threads that waited %s: input %d s, output %d s in a second', (limit, input, output) => {
    const meter = make()
    meter.read(progress(0), 0)
    expect(meter.read(progress(1), 1000 + 0).limitedBy).toBe('cpu')
    const other = make()
    other.read(progress(0), 0)
    expect(other.read(progress(1, input, output), 1000).limitedBy).toBe(limit)
  })
})
