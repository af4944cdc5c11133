import { describe, expect, test } from 'vitest'
import { isLoopbackAddress, parseNetworks, servingAddress } from './serving-address.ts'

const none = parseNetworks([])
const agent = (peer: string | null, networks = none) => ({ host: 'north', peer, networks })
const nothing = async () => []

describe('servingAddress', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['192.0.2.7', '::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0::7', '2001:db8::7', '2001:db8::7'],
    ['127.0.0.1', '::1', '127.0.0.1'],
    ['127.0.0.2', '::ffff:127.0.0.1', '127.0.0.2'],
  ])('%s of an agent that is connected from %s is read from %s', async (said, peer, address) => {
    expect(await servingAddress(said, agent(peer))).toBe(address)
  })

  test.each([
    ['192.0.2.8', '192.0.2.7'],
    ['127.0.0.1', '192.0.2.7'],
    ['169.254.169.254', '192.0.2.7'],
    ['10.0.0.1', '127.0.0.1'],
    ['192.0.2.7', null],
  ])('%s of an agent that is connected from %s is refused', async (said, peer) => {
    await expect(servingAddress(said, agent(peer))).rejects.toMatchObject({ code: 'refused', file: 'north' })
  })

  test('an address in the networks of agents needs no connection from it', async () => {
    const networks = parseNetworks(['10.1.0.0/16', '2001:db8::/32', '192.0.2.9'])
    for (const said of ['10.1.255.3', '2001:db8:1::1', '192.0.2.9'])
      expect(await servingAddress(said, agent('198.51.100.1', networks))).toBe(said)
    await expect(servingAddress('10.2.0.1', agent('198.51.100.1', networks))).rejects.toThrow('10.2.0.1')
  })

  test('a name stands for the one of its addresses that is the agent’s, and is not looked up again', async () => {
    const resolve = async () => ['10.0.0.9', '192.0.2.7']
    expect(await servingAddress('north.example', agent('192.0.2.7'), resolve)).toBe('192.0.2.7')
    await expect(servingAddress('north.example', agent('192.0.2.7'), nothing)).rejects.toThrow(
      'north.example',
    )
  })
})

test.each(['', 'x', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '::/129', '10.0.0.0/-1'])(
  '%j is no network',
  (text) => {
    expect(() => parseNetworks([text])).toThrow('is not a network')
  },
)

test('loopback in each spelling', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every(isLoopbackAddress)).toBe(true)
  expect(['', '192.0.2.1', '::', 'localhost'].some(isLoopbackAddress)).toBe(false)
})
