import { expect, test } from 'vitest'
import { findLab } from '../testing/lab-of-tests.ts'
import { cutPower } from './cut-power.ts'
import { subjects } from './subjects.ts'

const lab = await findLab({ isLong: true })

test.skipIf(lab === null)('a power cut while an image grows leaves the original or the result', async () => {
  const cuts = await cutPower({ ...subjects.grow, lab: lab ?? '', cuts: 5, kills: 1, say: () => undefined })
  expect(cuts.map(({ by }) => by)).toEqual(['kill', 'copy', 'copy', 'copy', 'copy'])
  for (const { found } of cuts) expect(['original', 'result']).toContain(found)
})
