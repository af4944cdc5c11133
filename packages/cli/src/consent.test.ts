import type { Problem } from '@varve/core/problems/problem'
import { expect, test } from 'vitest'
import { openQuestions } from './consent.ts'
import { addressesOf } from './input.ts'

const finding = (fields: Partial<Problem>): Problem => ({
  id: 'odd',
  severity: 'warn',
  layer: 'L2',
  file: '/a',
  message: 'It is odd.',
  remedy: 'Look at it.',
  ...fields,
})

test('a finding that asks is open until it is accepted by its id', () => {
  const problems = [finding({ asks: true }), finding({ id: 'said' })]
  expect(openQuestions(problems, undefined).map(({ id }) => id)).toEqual(['odd'])
  expect(openQuestions(problems, 'other')).toHaveLength(1)
  expect(openQuestions(problems, 'other, odd')).toEqual([])
})

test('a choice between readings is not made by consent, nor everything by one word', () => {
  const problems = [finding({ asks: true, settledBy: 'vhd-bitmap' }), finding({ asks: true })]
  expect(openQuestions(problems, 'odd')).toEqual([problems[0]])
  expect(openQuestions(problems, 'all')).toEqual(problems)
})

test('an address may mean a file, a snapshot of it, or a disk in it; the longest name first', () => {
  expect([...addressesOf('a@b:c')]).toEqual([
    { name: 'a@b:c', choices: {} },
    { name: 'a@b', choices: { disk: 'c' } },
    { name: 'a', choices: { snapshot: 'b:c' } },
  ])
  expect([...addressesOf('@x')]).toHaveLength(1)
  expect([...addressesOf('x:')]).toHaveLength(1)
})
