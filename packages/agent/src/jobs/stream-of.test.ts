import { expect, test } from 'vitest'
import { failingAlike, streamOf } from './stream-of.ts'

const target = { library: 'images', name: 'web01.qcow2' }
const exportName = 'a-token-that-nobody-guesses'
const stream = (host: string, port = 40_000) =>
  streamOf({ endpoint: { host, port, exportName }, virtualSize: 4096, target })

test.each(['10.0.0.7', '127.0.0.1', 'north', 'north.example.net', '2001:db8::7', '::1'])('%s', (host) => {
  expect(stream(host)).toEqual({ kind: 'nbd', host, port: 40_000, exportName, size: 4096 })
})

test.each([
  ['0.0.0.0', 40_000],
  ['169.254.169.254', 40_000],
  ['224.0.0.1', 40_000],
  ['255.255.255.255', 40_000],
  ['::', 40_000],
  ['::ffff:169.254.169.254', 40_000],
  ['ff02::1', 40_000],
  ['', 40_000],
  ['north/../x', 40_000],
  ['-north', 40_000],
  ['10.0.0.7', 22],
])('%s:%i is no agent’s', (host, port) => {
  expect(() => stream(host, port)).toThrow(expect.objectContaining({ code: 'refused' }))
})

test('jobs do not tell by the time what listens at an address', () => {
  expect(failingAlike(stream('10.0.0.7'))).toMatchObject({ host: '10.0.0.7', failsAfterMs: 10_000 })
})
