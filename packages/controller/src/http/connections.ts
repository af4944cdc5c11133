import type { Server, ServerResponse } from 'node:http'
import { isIPv6, type Socket } from 'node:net'
import { isLoopbackAddress, plainAddress } from '../agents/serving-address.ts'

/** What connections may be open at once; `waiting`: of those that have not asked anything yet, of all addresses. */
export interface ConnectionLimits {
  /** A fleet on this machine or behind one proxy. */
  readonly loopback: number
  /** From anybody else's address, or network of a line, which is what an IPv6 address stands for. */
  readonly other: number
  readonly waiting: number
  /** How long an answer may lie there untaken. */
  readonly untakenMs: number
}

export const connectionLimits: ConnectionLimits = {
  loopback: 16_384,
  other: 2048,
  waiting: 8192,
  untakenMs: 60_000,
}

/**
 * Bounds the connections of a server that listens, of which `servers` speak with them. Of those that have not sent the head of a request the oldest gives way to the
 * newest: who has something to ask says so within milliseconds, and gets in however many others only hold the door.
 */
export function limitConnections(
  { server, servers }: { readonly server: Server; readonly servers: readonly Server[] },
  limits: ConnectionLimits = connectionLimits,
): void {
  const counts = new Map<string, number>()
  /** In the order of their coming. */
  const waiting = new Map<string, Socket>()
  const answers = new WeakMap<Socket, Pick<ServerResponse, 'closed'>>()

  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket.remoteAddress)
    const place = placeOf(socket)
    const count = (counts.get(peer) ?? 0) + 1
    counts.set(peer, count)
    waiting.set(place, socket)
    socket.once('close', () => {
      if (waiting.get(place) === socket) waiting.delete(place)
      const left = (counts.get(peer) ?? 1) - 1
      if (left === 0) counts.delete(peer)
      else counts.set(peer, left)
    })
    if (count > limits[isLoopbackAddress(peer) ? 'loopback' : 'other']) return void socket.destroy()
    if (waiting.size <= limits.waiting) return
    const [oldest] = waiting.values()
    oldest?.destroy()
  })
  for (const one of servers) {
    one.on('request', ({ socket }, response) => {
      waiting.delete(placeOf(socket))
      answers.set(socket, response)
    })
    one.on('upgrade', ({ socket }) => waiting.delete(placeOf(socket)))
    one.timeout = limits.untakenMs
    // Nothing went in or out for so long: an answer that is being made is waited for, one that nobody takes is not.
    one.on('timeout', (socket) => {
      if (answers.get(socket)?.closed === false && socket.writableLength === 0)
        socket.setTimeout(limits.untakenMs)
      else socket.destroy()
    })
  }
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`
}

/** Whom an address belongs to: of IPv6 a line has a whole /64. */
export function peerOf(address: string | undefined): string {
  const plain = plainAddress(address ?? '')
  if (!isIPv6(plain) || isLoopbackAddress(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const groups = [...first, ...Array<string>(gap).fill('0'), ...last]
  return `${groups.slice(0, 4).join(':')}::`
}
