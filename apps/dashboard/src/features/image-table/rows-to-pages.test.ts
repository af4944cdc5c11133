import { expect, test } from 'vitest'
import { rowsToPages } from './rows-to-pages.ts'

test.each([
  [{ first: 0, last: 0 }, [0]],
  [{ first: 0, last: 99 }, [0]],
  [{ first: 90, last: 120 }, [0, 100]],
  [{ first: 99_950, last: 99_999 }, [99_900]],
  [{ first: -5, last: -1 }, [0]],
])('%o needs the pages at %o', (rows, pages) => {
  expect(rowsToPages(rows, 100)).toEqual(pages)
})
