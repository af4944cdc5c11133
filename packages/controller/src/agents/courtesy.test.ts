import { expect, test } from 'vitest'
import { createCourtesy } from './courtesy.ts'

test('those who ask go first until they are answered, and for a second at most', () => {
  let now = 0
  const courtesy = createCourtesy(() => now)
  expect(courtesy.isAsked()).toBe(false)
  const answered = courtesy.asked()
  const download = courtesy.asked()
  expect(courtesy.isAsked()).toBe(true)
  answered()
  expect(courtesy.isAsked()).toBe(true)
  now = 1001
  expect(courtesy.isAsked()).toBe(false)
  courtesy.asked()
  expect(courtesy.isAsked()).toBe(true)
  download()
  expect(courtesy.isAsked()).toBe(true)
})
