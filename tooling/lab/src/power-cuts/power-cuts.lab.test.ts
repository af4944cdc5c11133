import { expect, test } from 'vitest'
import { findLab } from '../testing/lab-of-tests.ts'
import { cutPower } from './cut-power.ts'
import { subjects } from './subjects.ts'

const lab = await findLab({ isLong: true })

test.skipIf(lab === null)('a power cut while an image grows leaves the original or the result', async () => {
  const cuts = await cutPower({ ...subjects.grow, lab: lab ?? '', cuts: 5, kills: 1, say: () => undefined })
  expect(cuts.length).toBeGreaterThanOrEqual(5)
  expect(cuts[0]?.by).toBe('kill')
  for (const { found, isOver } of cuts) expect(isOver ? ['result'] : ['original', 'result']).toContain(found)
})
