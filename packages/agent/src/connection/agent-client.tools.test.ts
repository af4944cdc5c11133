import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { dialController } from './agent-client.ts'

/** What a WebSocket server adds to the key of its client (RFC 6455, 1.3). */
const suffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

test('a controller that hangs without closing anything is gone when it does not answer', async () => {
  const sockets: Duplex[] = []
  const server = createServer().listen(0, '127.0.0.1')
  server.on('upgrade', (request, socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key'] ?? ''}${suffix}`)
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
    socket.write(`${[...head, `Sec-WebSocket-Accept: ${key.digest('base64')}`].join('\r\n')}\r\n\r\n`)
  })
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const client = dialController(`ws://127.0.0.1:${port}`, {
    keepAlive: { intervalMs: 20, pongTimeoutMs: 20 },
  })
  expect(await client.closed).toContain('the connection was closed')
  expect(sockets).toHaveLength(1)
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('a connection that is over is not opened again, whatever is asked of it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  server.close()
  await once(server, 'close')
  const client = dialController(`ws://127.0.0.1:${port}`)
  expect(await client.closed).toContain('failed')
  // tRPC would wait for a minute, and then say hello beside the connection that is there by then.
  await expect(client.freed('session', 'token')).rejects.toThrow('failed')
  await expect(client.report('session', [])).rejects.toThrow('failed')
})
