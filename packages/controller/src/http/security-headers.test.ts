import { expect, test } from 'vitest'
import { answerKind, securityHeaders } from './security-headers.ts'

test.each([
  ['/', 'page'],
  ['/images/x?do=check', 'page'],
  ['/hosts/assets/a.js', 'page'],
  ['/trpc', 'data'],
  ['/trpc?batch=1', 'data'],
  ['/trpc/fleet.info', 'data'],
  ['/api/images/x/file', 'data'],
  ['/trpcx', 'page'],
  ['/assets/index-1.js', 'asset'],
  ['/before-start.js', 'asset'],
  ['/favicon.svg', 'asset'],
])('%s is %s', (url, kind) => {
  expect(answerKind(url)).toBe(kind)
})

test.each(['page', 'asset', 'data'] as const)(
  'a %s is shown in no frame, and nothing inline runs in it',
  (kind) => {
    const headers = securityHeaders(kind, { isEncrypted: false })
    const policy = headers['content-security-policy'] ?? ''
    expect(policy).toMatch(/^default-src 'none'; /u)
    expect(policy).toContain(`frame-ancestors 'none'`)
    expect(policy).not.toMatch(/unsafe|\*|https?:/u)
    expect(headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(headers).not.toHaveProperty('strict-transport-security')
    expect(securityHeaders(kind, { isEncrypted: true })).toHaveProperty('strict-transport-security')
  },
)

test('a file of the API is kept apart from the dashboard', () => {
  expect(securityHeaders('data', { isEncrypted: false })['content-security-policy']).toContain('sandbox')
})
