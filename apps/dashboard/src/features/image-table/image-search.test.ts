import { ImageQuery } from '@varve/protocol/images'
import { FormatName } from '@varve/protocol/primitives'
import { expect, test } from 'vitest'
import { formats, searchToChips, toImageQuery, toImageSearch } from './image-search.ts'

test('a URL that means nothing gives the defaults', () => {
  expect(
    toImageSearch({ q: '', host: '../x', format: 'zip', sort: 'nope', direction: 'up', migrate: 7 }),
  ).toEqual({})
})

test('what is set is kept; a default is not written into the URL', () => {
  const search = toImageSearch({
    q: 2024,
    host: 'north',
    format: 'vmdk',
    findings: 'warn',
    sort: 'name',
    direction: 'desc',
    migrate: ['a', 5, 'b'],
  })
  expect(search).toEqual({
    q: '2024',
    host: 'north',
    format: 'vmdk',
    findings: 'warn',
    direction: 'desc',
    migrate: ['a', 'b'],
  })
})

test('every search makes a query that the controller takes', () => {
  const query = toImageQuery(toImageSearch({ q: 'x'.repeat(999), library: 'l'.repeat(999) }), {
    offset: 0,
    limit: 100,
  })
  expect(ImageQuery.parse(query)).toMatchObject({ sort: 'name', direction: 'asc', offset: 0, limit: 100 })
})

test('the formats are those of the protocol', () => {
  expect(formats).toEqual(FormatName.options)
})

test('each narrowing has a chip', () => {
  expect(searchToChips({ host: 'north', findings: 'block', q: 'web' }).map(({ label }) => label)).toEqual([
    'on north',
    'blocked',
  ])
})
