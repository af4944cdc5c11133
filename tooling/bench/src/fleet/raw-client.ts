import { once } from 'node:events'
import { WebSocket } from 'ws'

/** What the API's answers look like on a WebSocket. */
interface Message {
  readonly id?: number | null
  readonly result?: { readonly type?: string; readonly data?: unknown }
  readonly error?: { readonly message: string }
}

interface Call {
  readonly resolve: (data: unknown) => void
  readonly reject: (error: Error) => void
}

/** The API over one WebSocket with as little as possible around it: thousands of them fit into one process. */
export class RawClient {
  readonly #socket: WebSocket
  readonly #calls = new Map<number, Call>()
  readonly #streams = new Map<number, (data: unknown) => void>()
  #lastId = 0
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => socket.terminate())
    socket.on('message', (data) => this.#take(textOf(data)))
    void this.closed.then(() => {
      for (const { reject } of this.#calls.values()) reject(new Error('the connection was closed'))
      this.#calls.clear()
    })
  }

  static async connect(url: string): Promise<RawClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`)
    const client = new RawClient(socket)
    await Promise.race([once(socket, 'open'), client.closed])
    if (socket.readyState !== socket.OPEN) throw new Error('the connection was refused')
    return client
  }

  async call(method: 'query' | 'mutation', path: string, input: unknown): Promise<unknown> {
    const id = (this.#lastId += 1)
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject })
      this.sendText(JSON.stringify({ id, method, params: { path, input } }))
    })
  }

  subscribe(path: string, input: unknown, onData: (data: unknown) => void): void {
    const id = (this.#lastId += 1)
    this.#streams.set(id, onData)
    this.sendText(JSON.stringify({ id, method: 'subscription', params: { path, input } }))
  }

  /** Sends any text, as an attacker might. */
  sendText(text: string): void {
    this.#socket.send(text, () => {})
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #take(text: string): void {
    if (text === 'PING') return this.sendText('PONG')
    if (text === 'PONG') return
    const { id, result, error } = JSON.parse(text) as Message
    if (id === undefined || id === null) return
    const call = this.#calls.get(id)
    if (!call) {
      if (result?.type === 'data') this.#streams.get(id)?.(result.data)
      return
    }
    this.#calls.delete(id)
    if (error) call.reject(new Error(error.message))
    else call.resolve(result?.data)
  }
}

function textOf(data: WebSocket.RawData): string {
  if (Buffer.isBuffer(data)) return data.toString()
  return Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data).toString()
}
