import { describe, expect, test } from 'vitest'
import { ProgressLine, progressText } from './progress-line.ts'

const MiB = 1024 ** 2
const half = { done: 50 * MiB, total: 100 * MiB, seconds: 1 }

describe('progressText', () => {
  test.each([200, 120, 80, 60, 45, 30, 12, 3, 1, 0])('never wider than %i columns', (width) => {
    expect(progressText('convert', half, width).length).toBeLessThanOrEqual(Math.max(0, width))
  })
  test('the bar goes before the numbers do', () => {
    expect(progressText('convert', half, 100)).toMatch(
      /^convert █{14}░{14} {2}50 % · 50\.0 MiB of 100 MiB · /u,
    )
    expect(progressText('convert', half, 54)).toMatch(/^convert {2}50 % · 50\.0 MiB of 100 MiB · /u)
  })
  test('an unknown or empty total claims no share', () => {
    expect(progressText('x', { done: 5, total: null, seconds: 1 }, 80)).not.toContain('%')
    expect(progressText('x', { done: 0, total: 0, seconds: 1 }, 80)).not.toContain('%')
  })
})

describe('ProgressLine', () => {
  test('is taken away at its end, and writes nothing where there is no terminal', () => {
    const written: string[] = []
    const terminal = { columns: 40, write: (text: string) => written.push(text) }
    const line = new ProgressLine('digest', true, terminal)
    line.show(half)
    line.end()
    line.end()
    expect(written).toHaveLength(2)
    expect(written[1]).toBe('\r\u001B[K')
    const silent = new ProgressLine('digest', false, terminal)
    silent.show(half)
    silent.end()
    expect(written).toHaveLength(2)
  })
  test('a terminal that does not know its width has the usual one', () => {
    const written: string[] = []
    new ProgressLine('digest', true, { columns: 0, write: (text) => written.push(text) }).show(half)
    expect(written[0]).toContain('50.0 MiB of 100 MiB')
  })
})
