import { connectWhenThere, onLines } from './socket-lines.ts'

interface Answer {
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

/** QEMU's machine protocol: calls a command and gives its answer; throws what QEMU says against it. */
export type Qmp = (command: string, details?: Readonly<Record<string, unknown>>) => Promise<unknown>

/** Connects to a QEMU that was just started. */
export async function connectQmp(path: string, signal: AbortSignal): Promise<Qmp> {
  const socket = await connectWhenThere(path, signal)
  const waiting: ((answer: Answer) => void)[] = []
  onLines(socket, (line) => {
    const answer = JSON.parse(line) as Answer
    if ('return' in answer || 'error' in answer) waiting.shift()?.(answer)
  })
  socket.on('close', () => {
    for (const take of waiting.splice(0)) take({ error: { desc: 'QEMU has ended' } })
  })
  const call: Qmp = async (command, details) => {
    const answer = await new Promise<Answer>((resolve) => {
      waiting.push(resolve)
      socket.write(`${JSON.stringify({ execute: command, arguments: details })}\n`)
    })
    if (answer.error) throw new Error(`${command}: ${answer.error.desc}`)
    return answer.return
  }
  await call('qmp_capabilities')
  return call
}

/** The word that QEMU calls its state by. */
export async function statusOf(qmp: Qmp, query: 'query-status' | 'query-migrate'): Promise<string> {
  const answer = await qmp(query)
  return typeof answer === 'object' && answer !== null && 'status' in answer ? String(answer.status) : 'none'
}
