import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { describe, expect, test } from 'vitest'
import { limitConnections, peerOf } from './connections.ts'

class Line extends EventEmitter {
  isDestroyed = false
  writableLength = 0
  timeouts: number[] = []
  readonly remoteAddress: string
  readonly remotePort: number
  constructor(remoteAddress: string, remotePort: number) {
    super()
    this.remoteAddress = remoteAddress
    this.remotePort = remotePort
  }
  destroy() {
    this.isDestroyed = true
    this.emit('close')
  }
  setTimeout(ms: number) {
    this.timeouts.push(ms)
  }
}

const both = (server: Server) => ({ server, servers: [server] })

function stand() {
  const server = new EventEmitter() as EventEmitter & { timeout?: number }
  limitConnections(both(server as unknown as Server), { loopback: 5, other: 3, waiting: 4, untakenMs: 1000 })
  let port = 1
  return {
    server,
    connect: (address: string) => {
      const line = new Line(address, port++)
      server.emit('connection', line)
      return line
    },
    ask: (line: Line) => {
      const response = { closed: false }
      server.emit('request', { socket: line }, response)
      return response
    },
  }
}

describe('connections', () => {
  test('from one address are as many as may be, and again when some are gone', () => {
    const { connect, ask } = stand()
    const lines = [1, 2, 3].map(() => connect('192.0.2.1'))
    for (const line of lines) ask(line)
    expect(connect('192.0.2.1').isDestroyed).toBe(true)
    expect(connect('192.0.2.2').isDestroyed).toBe(false)
    lines[0]?.destroy()
    expect(connect('192.0.2.1').isDestroyed).toBe(false)
  })

  test('that ask nothing give way, the oldest first; one that asked stays', () => {
    const { connect, ask } = stand()
    const asked = connect('192.0.2.1')
    ask(asked)
    const waiting = [2, 3, 4, 5].map((last) => connect(`192.0.2.${last}`))
    const late = connect('192.0.2.6')
    expect(waiting.map(({ isDestroyed }) => isDestroyed)).toEqual([true, false, false, false])
    expect([asked.isDestroyed, late.isDestroyed]).toEqual([false, false])
  })

  test('that take nothing of their answer end, those whose answer is being made do not', () => {
    const { server, connect, ask } = stand()
    const [idle, made, untaken] = [connect('192.0.2.1'), connect('192.0.2.2'), connect('192.0.2.3')]
    const response = ask(made)
    ask(untaken)
    untaken.writableLength = 1
    for (const line of [idle, made, untaken]) server.emit('timeout', line)
    expect([idle, made, untaken].map(({ isDestroyed }) => isDestroyed)).toEqual([true, false, true])
    expect(made.timeouts).toEqual([1000])
    response.closed = true
    server.emit('timeout', made)
    expect(made.isDestroyed).toBe(true)
  })
})

test.each([
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::1', '::1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:db8::6', '2001:db8:0:0::'],
  ['2001:db8:1:2::', '2001:db8:1:2::'],
  [undefined, ''],
])('%s belongs to %s', (address, peer) => {
  expect(peerOf(address)).toBe(peer)
})
