import { describe, expect, test } from 'vitest'
import { isLoopbackName, refuseRequest } from './guard.ts'

const refuse = (headers: Record<string, string>, isLoopback = true) =>
  refuseRequest({ headers }, { isLoopback })

describe('requests to a controller on loopback', () => {
  test.each([
    [{ host: '127.0.0.1:7070' }],
    [{ host: 'localhost:7070', origin: 'http://localhost:7070' }],
    [{ host: '[::1]:7070', origin: 'http://[::1]:7070' }],
    [{ host: 'varve.localhost' }],
  ])('%j is answered', (headers) => {
    expect(refuse(headers)).toBeNull()
  })

  test.each([
    [{}],
    [{ host: '' }],
    [{ host: 'evil.example:7070' }],
    [{ host: '127.0.0.1.evil.example' }],
    [{ host: 'localhost.evil.example' }],
    [{ host: '127.0.0.1:7070', origin: 'http://evil.example' }],
    [{ host: '127.0.0.1:7070', origin: 'http://127.0.0.1:8080' }],
    [{ host: '127.0.0.1:7070', origin: 'null' }],
    [{ host: 'localhost:7070', origin: 'not a url' }],
  ])('%j is refused', (headers) => {
    expect(refuse(headers)).not.toBeNull()
  })
})

test('a controller on a network is reached by any name, but not from pages of other sites', () => {
  expect(refuse({ host: 'varve.example' }, false)).toBeNull()
  expect(refuse({ host: 'varve.example', origin: 'https://varve.example' }, false)).toBeNull()
  expect(refuse({ host: 'varve.example', origin: 'https://evil.example' }, false)).not.toBeNull()
})

test.each([
  ['127.0.0.1', true],
  ['127.5.5.5', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.2', false],
  ['example.org', false],
])('%s is loopback: %s', (name, isLoopback) => {
  expect(isLoopbackName(name)).toBe(isLoopback)
})
