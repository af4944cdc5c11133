import { expect, test } from 'vitest'
import type { KeptMembership } from '../trust/membership-file.ts'
import { exportedStream } from './stream-of.ts'

const target = { library: 'images', name: 'web01.qcow2' }
const exportName = 'a-token-that-nobody-guesses'
const stream = (host: string, port = 40_000) =>
  exportedStream({ endpoint: { host, port, exportName }, virtualSize: 4096, target }, null)

test.each(['10.0.0.7', '127.0.0.1', 'north', 'north.example.net', '2001:db8::7', '::1'])('%s', (host) => {
  expect(stream(host)).toEqual({
    kind: 'nbd',
    host,
    port: 40_000,
    exportName,
    size: 4096,
    // They do not tell by the time what listens at an address.
    failsAfterMs: 10_000,
  })
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

const membership: KeptMembership = {
  version: 1,
  fleet: 'ab'.repeat(16),
  name: 'south',
  controller: 'wss://127.0.0.1:7070/trpc',
  key: 'key',
  chain: 'chain',
  roots: ['root 2', 'root 1'],
  issuedAt: '2026-01-01T00:00:00.000Z',
  notAfter: '2026-02-01T00:00:00.000Z',
}
const endpoint = { host: '10.0.0.7', port: 40_000, exportName }

test('a server that is named has to show its own certificate of the fleet', () => {
  const request = { endpoint: { ...endpoint, server: 'north' }, virtualSize: 4096, target }
  expect(exportedStream(request, membership)).toMatchObject({
    tls: {
      ca: 'root 2\nroot 1',
      certificate: 'chain',
      key: 'key',
      peer: { uri: `varve://${membership.fleet}/agent/north` },
    },
  })
  expect(() => exportedStream(request, null)).toThrow('this host has not joined')
})

test('a member reads no plain text from another machine', () => {
  const read = (host: string) =>
    exportedStream({ endpoint: { ...endpoint, host }, virtualSize: 4096, target }, membership)
  for (const host of ['10.0.0.7', 'north']) expect(() => read(host)).toThrow('in plain text')
  expect(read('127.0.0.1')).not.toHaveProperty('tls')
})
