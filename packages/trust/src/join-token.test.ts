import { expect, test } from 'vitest'
import { joinTokenText, makeJoinToken, parseJoinToken } from './join-token.ts'

const pin = 'p'.repeat(43)

test('a token is one word, and is read again; no two are alike', () => {
  const [token, other] = [makeJoinToken(pin), makeJoinToken(pin)]
  expect(parseJoinToken(` ${joinTokenText(token)}\n`)).toEqual(token)
  expect(joinTokenText(token)).toMatch(/^[\w.-]+$/u)
  expect([token.id === other.id, token.secret === other.secret]).toEqual([false, false])
})

test('one that was cut off, or is something else, is none', () => {
  const text = joinTokenText(makeJoinToken(pin))
  for (const wrong of [
    '',
    text.slice(0, -1),
    text.slice(1),
    `${text}x`,
    text.replace('.', ' '),
    'varve-join',
  ])
    expect(parseJoinToken(wrong)).toBeNull()
})
