import { Socket } from 'node:net'
import type { OnReadOpts } from 'node:net'
import type { TLSSocket } from 'node:tls'

const wanted = ['kBuffer', 'kBufferCb', 'kBufferGen']

/**
 * Has what comes out of TLS put into the caller's memory, as `onread` does. Node takes `onread` for TLS on connections of its own
 * only, not on one that is open already: else each record of 16 KiB is memory of its own, a third of what receiving costs. False:
 * this Node keeps it elsewhere, and nothing has changed.
 */
export function readTlsInto(secured: TLSSocket, onread: OnReadOpts): boolean {
  const handle: unknown = Reflect.get(secured, '_handle')
  if (typeof handle !== 'object' || handle === null || secured.readableLength > 0) return false
  const useUserBuffer: unknown = Reflect.get(handle, 'useUserBuffer')
  if (typeof useUserBuffer !== 'function') return false
  const model = new Socket({ onread })
  const found = Object.getOwnPropertySymbols(model).filter(({ description = '' }) =>
    wanted.includes(description),
  )
  if (found.length !== wanted.length) return false
  for (const symbol of found) Reflect.set(secured, symbol, Reflect.get(model, symbol))
  const buffer = typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer
  const current = found.find(({ description }) => description === 'kBuffer')
  if (current) Reflect.set(secured, current, buffer)
  Reflect.apply(useUserBuffer, handle, [buffer])
  return true
}
