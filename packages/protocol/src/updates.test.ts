import { expect, test } from 'vitest'
import { StartRollout } from './updates.ts'

test.each([[['1', '10%', '100%']], [['100%']], [['5', '50%', '20', '60%']]])('rings of %j', (rings) => {
  expect(StartRollout.parse({ rings })).toMatchObject({ rings })
})

test.each([[[]], [['0']], [['101%']], [['5', '1']], [['3', '3']], [['10%', '5%']], [['ten']]])(
  'no rings of %j: they are of all hosts, and rise',
  (rings) => {
    expect(StartRollout.safeParse({ rings }).success).toBe(false)
  },
)
