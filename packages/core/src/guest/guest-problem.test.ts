import { expect, test } from 'vitest'
import { estimateReclaim } from '../layers/reclaim-estimate.ts'
import { guestProblem } from './guest-problem.ts'

const mib = 1024 * 1024

test('remedies name what can be done today, no operation that Varve does not have', () => {
  const allocation = { cellSize: mib, data: '', zero: '', reclaimable: '', zeroBytes: 0, absentBytes: 0 }
  const facts = { clusterSize: 65_536, virtualSize: 100 * mib, snapshots: [] }
  const remedies = [
    guestProblem('gpt-backup-not-at-end', 'a', { at: 1, diskSize: 2 }).remedy,
    guestProblem('discards-stopped', 'a', { reclaimable: 1, allocated: 2 }).remedy,
    guestProblem('raw-without-holes', 'a', { free: 1 }).remedy,
    ...estimateReclaim({
      facts: facts as never,
      chain: [],
      allocation: { ...allocation, dataBytes: mib },
      reclaimable: mib,
      allocated: mib,
    }).map(({ remedy }) => remedy),
  ]
  expect(remedies.length).toBeGreaterThan(5)
  for (const remedy of remedies) expect(remedy).not.toMatch(/operation|varve (?:grow|shrink)/iu)
})
