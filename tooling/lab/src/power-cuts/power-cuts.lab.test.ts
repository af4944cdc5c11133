import { expect, test } from 'vitest'
import { findLab } from '../testing/lab-of-tests.ts'
import { cutPower } from './cut-power.ts'
import { subjects } from './subjects.ts'

const lab = await findLab({ isLong: true })

test.skipIf(lab === null)('a power cut while an image grows leaves the original or the result', async () => {
  const cuts = await cutPower({ ...subjects.grow, lab: lab ?? '', cuts: 2, say: () => undefined })
  expect(cuts).toHaveLength(2)
  for (const { found, ended } of cuts)
    expect(['original', 'result']).toEqual(expect.arrayContaining([found, ended]))
})
