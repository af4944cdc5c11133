import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ControllerProcess, startProbe } from './processes.ts'
import { allOf, inWords, question, type Latency } from './question.ts'
import { RawClient } from './raw-client.ts'

export interface AttackResult {
  readonly attack: string
  /** What others waited for their answers meanwhile, and how many they did not get. */
  readonly others: Latency
  readonly failed: number
  /** Most memory of the controller meanwhile. */
  readonly memory: number
}

const MiB = 1024 ** 2
const attackMs = 4000
const questions = [question('fleet.info'), question('images.list', { limit: 50 }), '/api/health']

/** What one client without any right sends for some seconds. */
type Attack = (url: string, signal: AbortSignal) => Promise<void>

const attacks: Readonly<Record<string, Attack>> = {
  'nothing at all, for comparison': async () => {},
  'a batch of 1,000 calls': repeat(() => batch(1000)),
  'a batch of 20,000 calls': repeat(() => batch(20_000)),
  'batches of 30 calls as fast as they are taken': repeat(() => batch(30)),
  'half a message of 1.9 MB of [': repeat(() => '['.repeat(1_900_000)),
  'a message of 3.8 MB of [': repeat(() => '['.repeat(3_800_000)),
  'a million values in one call': repeat(() => call({ reports: Array.from({ length: 900_000 }, () => 0) })),
  'a hello with 90,000 wrong values': repeat(() => call(wrongHello(90_000))),
  'a long string': repeat(() => call({ session: 'x'.repeat(1_900_000) })),
  '2,000 calls one by one': repeat(() => call({ limit: 500 }, 'images.list'), 500),
  'an HTTP body of 200 KB of [': post('['.repeat(200_000)),
  'an HTTP body of 3.8 MB of [': post('['.repeat(3_800_000)),
  'an HTTP batch of 1,000 calls': get(
    `/trpc/${Array.from({ length: 1000 }, () => 'fleet.info').join(',')}?batch=1`,
  ),
  '500 bodies that never end': slowBodies,
}

/** What each attack costs everybody else. */
export async function measureAttacks(data: string, only: string): Promise<AttackResult[]> {
  await using controller = await ControllerProcess.start(data)
  const results: AttackResult[] = []
  for (const [attack, run] of Object.entries(attacks).filter(([name]) => name.includes(only))) {
    const probe = await startProbe(controller.url, { questions, pauseMs: 10 })
    const stop = AbortSignal.timeout(attackMs)
    let memory = 0
    const watch = setInterval(() => (memory = Math.max(memory, controller.memory())), 50)
    await run(controller.url, stop)
    while (!stop.aborted) await sleep(20)
    clearInterval(watch)
    const probed = await probe.end()
    results.push({ attack, others: allOf(probed), failed: probed.failed, memory })
  }
  return results
}

function call(input: unknown, path = 'agents.hello'): string {
  const method = path === 'agents.hello' ? 'mutation' : 'query'
  return JSON.stringify({ id: 1, method, params: { path, input } })
}

function batch(count: number): string {
  return `[${Array.from({ length: count }, (_, id) => JSON.stringify({ id, method: 'query', params: { path: 'images.list', input: { limit: 500 } } })).join(',')}]`
}

function wrongHello(count: number): unknown {
  return { protocolVersion: 'x', jobs: Array.from({ length: count }, () => 0) }
}

/** Sends a message over and over on one connection, and dials again when that is closed. */
function repeat(make: () => string, times = 1): Attack {
  return async (url, signal) => {
    const text = make()
    while (!signal.aborted) {
      const client = await RawClient.connect(url).catch(() => null)
      if (!client) {
        await sleep(20)
        continue
      }
      let isOpen = true
      void client.closed.then(() => (isOpen = false))
      while (isOpen && !signal.aborted) {
        for (let time = 0; time < times; time += 1) client.sendText(text)
        await sleep(20)
      }
      client.terminate()
    }
  }
}

function post(body: string): Attack {
  return async (url, signal) => {
    while (!signal.aborted) {
      const headers = { 'content-type': 'application/json' }
      await fetch(`${url}/trpc/migrations.start`, { method: 'POST', body, headers, signal }).catch(() => {})
    }
  }
}

function get(path: string): Attack {
  return async (url, signal) => {
    while (!signal.aborted) await fetch(url + path, { signal }).catch(() => {})
  }
}

async function slowBodies(url: string, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(url)
  const head = `POST /trpc/migrations.start HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{`
  const sockets = Array.from({ length: 500 }, () => {
    const socket = connect(Number(port), hostname, () => socket.write(head))
    return socket.on('error', () => {})
  })
  while (!signal.aborted) await sleep(20)
  for (const socket of sockets) socket.destroy()
}

export function formatAttacks(results: readonly AttackResult[]): string {
  return [
    'attacks, and what others wait meanwhile:',
    ...results.map(
      ({ attack, others, failed, memory }) =>
        `  ${attack}: ${inWords(others)} (${others.count} answers, ${failed} failed), controller ${(memory / MiB).toFixed(0)} MiB`,
    ),
  ].join('\n')
}
