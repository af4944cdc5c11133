import { DiskError } from '@varve/core/problems/disk-error'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { scriptedTools } from '../testing/scripted-tools.ts'
import { poolUse } from '../tools/lvs/pool-use.ts'
import { watchPool } from './watch-pool.ts'

const pool = { group: 'pve', pool: 'data' }
const never = new AbortController().signal

const { tool, args } = poolUse(pool.group, pool.pool)
const used = (data: string, metadata: string) => ({
  tool,
  args,
  stdout: JSON.stringify({ report: [{ lv: [{ data_percent: data, metadata_percent: metadata }] }] }),
})

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test.each([
  ['data', used('97.00', '10.00')],
  ['metadata', used('10.00', '99.50')],
])('a pool whose %s are nearly full ends what writes to it', async (_what, full) => {
  await using watch = watchPool(pool, scriptedTools([used('96.99', '96.99'), full]), never)
  await vi.advanceTimersByTimeAsync(2000)
  expect(watch.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(2000)
  expect(watch.signal.aborted).toBe(true)
  expect(watch.reason).toBeInstanceOf(DiskError)
  expect(watch.reason).toMatchObject({
    code: 'refused',
    details: { file: 'lvm:pve/data', reason: expect.stringContaining('nearly full') as string, layer: 'L1' },
  })
})

test('a look that fails, and a device that lies in no pool, end nothing', async () => {
  await using failing = watchPool(pool, scriptedTools([{ tool, args, exitCode: 5, stderr: 'busy' }]), never)
  await using none = watchPool(null, scriptedTools([]), never)
  await vi.advanceTimersByTimeAsync(2000)
  expect([failing, none].map(({ signal, reason }) => [signal.aborted, reason])).toEqual([
    [false, null],
    [false, null],
  ])
})

test('who calls can end it too, and that is not the pool', async () => {
  const stop = new AbortController()
  await using watch = watchPool(pool, scriptedTools([]), stop.signal)
  stop.abort()
  expect(watch.signal.aborted).toBe(true)
  expect(watch.reason).toBeNull()
})
