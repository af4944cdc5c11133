import { describe, expect, test } from 'vitest'
import { manifestParts, Outbox, type JobEnd } from './outbox.ts'

const progressOf = (jobId: string, done: number) => ({
  kind: 'progress' as const,
  jobId,
  progress: {
    done,
    total: null,
    unit: 'bytes' as const,
    seconds: null,
    skipped: null,
    rate: null,
    limitedBy: null,
    chunkMap: null,
  },
})
const endOf = (jobId: string): JobEnd => ({
  report: { kind: 'succeeded', jobId, result: { kind: 'release' } },
  manifest: null,
})

describe('Outbox', () => {
  test('of progress only the latest per job is kept', () => {
    const outbox = new Outbox()
    outbox.progress(progressOf('a', 1))
    outbox.progress(progressOf('b', 1))
    outbox.progress(progressOf('a', 2))
    expect(outbox.latestProgress(10).map(({ jobId, progress }) => [jobId, progress.done])).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })

  test('progress that came while the last one was on its way is not lost', () => {
    const outbox = new Outbox()
    outbox.progress(progressOf('a', 1))
    const sent = outbox.latestProgress(10)
    outbox.progress(progressOf('a', 2))
    outbox.acknowledge(sent)
    expect(outbox.latestProgress(10)).toMatchObject([{ progress: { done: 2 } }])
  })

  test('an end stays until it is acknowledged, and silences progress', () => {
    const outbox = new Outbox()
    const urgencies: string[] = []
    outbox.onFilled = (urgency) => urgencies.push(urgency)
    outbox.progress(progressOf('a', 1))
    const end = endOf('a')
    outbox.end(end)
    outbox.progress(progressOf('a', 2))
    expect(outbox.latestProgress(10)).toEqual([])
    expect(outbox.nextEnd()).toBe(end)
    expect(outbox.jobs()).toEqual(['a'])
    outbox.acknowledge([end.report])
    expect(outbox.nextEnd()).toBeNull()
    expect(urgencies).toEqual(['soon', 'now'])
  })
})

describe('manifestParts', () => {
  test.each([
    [0, [0]],
    [1, [1]],
    [1024 * 1024, [1024 * 1024]],
    [2 * 1024 * 1024 + 3, [1024 * 1024, 1024 * 1024, 3]],
  ])('%d bytes', (length, sizes) => {
    const bytes = Uint8Array.from({ length }, (_, index) => index % 251)
    const parts = [...manifestParts({ digest: 'd', bytes })]
    const pieces = parts.map((part) => Buffer.from(part.bytes, 'base64'))
    expect(pieces.map((piece) => piece.length)).toEqual(sizes)
    expect(parts.map(({ part, parts: all }) => [part, all])).toEqual(
      sizes.map((_, part) => [part, sizes.length]),
    )
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
  })
})
