import { expect, test } from 'vitest'
import { errorToWords } from './error-to-words.ts'

test('an error without an answer says that nothing was changed', () => {
  expect(errorToWords(new TypeError('Failed to fetch'))).toEqual({
    title: 'The controller did not answer.',
    remedy:
      'Nothing was changed by this page. Check that the controller runs; the page tries again by itself.',
    reference: 'Failed to fetch',
    isMissing: false,
  })
})

test('a coded error keeps message, remedy and code', () => {
  const error = Object.assign(new Error('L1 "x": there is a file of that name already'), {
    data: {
      code: 'PRECONDITION_FAILED',
      path: 'migrations.start',
      problem: { code: 'target-exists', remedy: 'Choose another name.' },
    },
  })
  expect(errorToWords(error)).toEqual({
    title: 'L1 "x": there is a file of that name already',
    remedy: 'Choose another name.',
    reference: 'target-exists · migrations.start',
    isMissing: false,
  })
})

test('something that is not there is told apart', () => {
  const error = Object.assign(new Error('There is no host x.'), {
    data: { code: 'NOT_FOUND', path: 'fleet.host' },
  })
  expect(errorToWords(error).isMissing).toBe(true)
})
