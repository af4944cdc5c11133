import { expect, test } from 'vitest'
import { AuthError } from './auth.ts'
import { authToWords, waitWords } from './auth-to-words.ts'

const refusal = (status: number, code = '', retryAfter: number | null = null) =>
  new AuthError('as the server says it', { status, code, retryAfter })

test('each way to be refused has its words', () => {
  expect(authToWords(refusal(401), 'password').title).toBe('The name or the password is wrong.')
  expect(authToWords(refusal(401), 'link').remedy).toContain('Ask an admin for a new one')
  expect(authToWords(refusal(429, '', 40), 'password').remedy).toContain('for 40 seconds')
  expect(authToWords(refusal(429), 'code').remedy).toContain('for a while')
  expect(authToWords(refusal(429, 'ACCOUNT_TEMPORARILY_LOCKED', 600), 'code').remedy).toContain('10 minutes')
  expect(authToWords(refusal(400, 'ACCOUNT_TEMPORARILY_LOCKED'), 'code').title).toContain('locked')
  expect(authToWords(refusal(403), 'password').title).toBe('as the server says it')
  expect(authToWords(refusal(503), 'password').title).toBe('The controller could not do it.')
  expect(authToWords(new TypeError('Failed to fetch'), 'password').title).toBe(
    'The controller did not answer.',
  )
  expect(authToWords(new DOMException('', 'NotAllowedError'), 'passkey').title).toBe('No passkey was given.')
})

test('a wait is said in seconds, then in minutes', () => {
  expect([1, 40, 89, 90, 600].map(waitWords)).toEqual([
    'one second',
    '40 seconds',
    '89 seconds',
    '2 minutes',
    '10 minutes',
  ])
})
