import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Connects to a socket that a program has yet to make; throws when the signal says that it never will. */
export async function connectWhenThere(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted()
    const socket = createConnection(path)
    try {
      await once(socket, 'connect')
      // Who listens hears of its end by what is then missing.
      socket.on('error', () => {})
      return socket
    } catch {
      socket.destroy()
      await sleep(50)
    }
  }
}

/** Calls back with each line that arrives. */
export function onLines(socket: Socket, take: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line.trimEnd())
  })
}
