import { expect, test } from 'vitest'
import { safePath, toSignInSearch } from './sign-in-search.ts'

test.each([
  ['/images?q=web#top', '/images?q=web#top'],
  ['/device?user_code=ABCD-EFGH', '/device?user_code=ABCD-EFGH'],
  ['/hosts/../images', '/images'],
])('%s is a way on', (path, way) => {
  expect(safePath(path)).toBe(way)
})

test.each([
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '/.//evil.example',
  'javascript:alert(1)',
  'images',
  '/sign-in?next=/images',
  '/api/auth/sign-out',
  '/trpc/fleet.info',
  '/',
  '',
  7,
  null,
  `/${'x'.repeat(3000)}`,
])('%j is none', (path) => {
  expect(safePath(path)).toBeNull()
})

test('the search keeps only what is safe', () => {
  expect(toSignInSearch({ next: '//evil.example', error: '', more: 'x' })).toEqual({})
  expect(toSignInSearch({ next: '/runs', error: 'access_denied' })).toEqual({
    next: '/runs',
    error: 'access_denied',
  })
})

test.each(['call +49 1 and say your password', '<b>x</b>', 'toString', '__proto__', 7])(
  'the text of an address, %j, is shown to nobody',
  (error) => {
    expect(['other', undefined]).toContain(toSignInSearch({ error }).error)
  },
)
