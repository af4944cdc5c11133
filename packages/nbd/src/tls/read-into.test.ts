import { once } from 'node:events'
import { connect as connectPlain, type AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { testAuthority } from '@varve/test-kit/certificates'
import { expect, test } from 'vitest'
import { readTlsInto } from './read-into.ts'

test('what comes out of TLS lands in the memory that was given, on a connection that was open before', async () => {
  const authority = testAuthority('of the test')
  const { certificate, key } = authority.issue({ name: 'server', dns: ['localhost'] })
  const bytes = new Uint8Array(3_000_000).map((_, index) => (index * 13) >> 4)
  const server = createServer({ cert: certificate, key }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(bytes))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connectPlain((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const secured: TLSSocket = connect({ socket, ca: authority.certificate, servername: 'localhost' })
  await once(secured, 'secureConnect')
  const target = new Uint8Array(bytes.length)
  let filled = 0
  const isDirect = readTlsInto(secured, {
    buffer: () => (filled < target.length ? target.subarray(filled) : new Uint8Array(1)),
    callback(count) {
      filled += count
      return true
    },
  })
  // False with a Node that keeps it elsewhere: reading then costs more, and `adoptTls` goes the other way.
  expect(isDirect).toBe(true)
  secured.resume()
  secured.write('go')
  await once(secured, 'end')
  expect(filled).toBe(bytes.length)
  expect(Buffer.compare(target, bytes)).toBe(0)
  secured.destroy()
  server.close()
})
