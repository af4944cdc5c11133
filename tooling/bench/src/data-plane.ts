import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connectNbd, type NbdClient } from '@varve/nbd/client'
import { testAuthority } from '@varve/test-kit/certificates'
import { exportSize, type Orders } from './data-plane-server.ts'
import { cpuOf, type Timing } from './run-timed.ts'
import { best, formatTable, median } from './statistics.ts'

const ways = ['read', 'write'] as const
const wires = ['plain', 'TLS 1.3, both with a certificate'] as const

export interface DataPlaneResult {
  readonly way: (typeof ways)[number]
  readonly wire: (typeof wires)[number]
  readonly runs: readonly Timing[]
}

const chunk = 4 * 1024 * 1024
/** Chunks that are asked for at a time. */
const lanes = 4

/** Moves 1 GiB between two processes over loopback, plain and over TLS in turn, `runs` times. */
export async function runDataPlane(runs: number): Promise<DataPlaneResult[]> {
  const authority = testAuthority('of the bench')
  const ca = authority.certificate
  const server = { ...authority.issue({ name: 'server', ips: ['127.0.0.1'] }), ca }
  const client = { ...authority.issue({ name: 'client' }), ca }
  const results = ways.flatMap((way) => wires.map((wire) => ({ way, wire, runs: [] as Timing[] })))
  for (let run = 0; run < runs; run += 1) {
    for (const wire of run % 2 === 0 ? wires : wires.toReversed()) {
      const tls = wire === 'plain' ? null : { server, client }
      const child = fork(new URL('data-plane-server.ts', import.meta.url))
      child.send({ tls: tls?.server ?? null } satisfies Orders)
      const [port] = (await once(child, 'message')) as [number]
      const place = { host: '127.0.0.1', port, exportName: '' }
      {
        await using connected = await connectNbd({ ...place, ...(tls && { tls: tls.client }) })
        for (const result of results.filter((each) => each.wire === wire))
          result.runs.push(await move(connected, result.way, child))
      }
      child.kill()
      await once(child, 'exit')
    }
  }
  return results
}

async function move(client: NbdClient, way: DataPlaneResult['way'], child: ChildProcess): Promise<Timing> {
  const cpu = () => cpuOf(process.pid) + cpuOf(child.pid ?? 0)
  const before = cpu()
  const started = performance.now()
  const lane = async (first: number): Promise<void> => {
    const bytes = new Uint8Array(chunk)
    for (let at = first * chunk; at < exportSize; at += lanes * chunk)
      await (way === 'read' ? client.readInto(bytes, at) : client.write(bytes, at))
  }
  await Promise.all(Array.from({ length: lanes }, async (_, first) => lane(first)))
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: cpu() - before }
}

/** How much longer TLS takes than plain text, by the best and by the median. */
export function dataPlaneRatios(results: readonly DataPlaneResult[]) {
  return ways.map((way) => {
    const [plain = [], tls = []] = wires.map((wire) =>
      results.filter((each) => each.way === way && each.wire === wire).flatMap((each) => each.runs),
    )
    const ratio = (of: (numbers: readonly number[]) => number, what: keyof Timing) =>
      of(tls.map((each) => each[what])) / of(plain.map((each) => each[what]))
    return {
      way,
      best: ratio(best, 'seconds'),
      median: ratio(median, 'seconds'),
      cpu: ratio(median, 'cpuSeconds'),
    }
  })
}

/** The results as a table for people. */
export function formatDataPlane(results: readonly DataPlaneResult[]): string {
  const rate = (seconds: number) => `${(exportSize / 2 ** 20 / seconds).toFixed(0)} MiB/s`
  const rows = results.map(({ way, wire, runs }) => [
    way,
    wire,
    rate(best(runs.map(({ seconds }) => seconds))),
    rate(median(runs.map(({ seconds }) => seconds))),
    `${median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2)} s`,
  ])
  const ratios = dataPlaneRatios(results).map(
    ({ way, best: least, median: middle, cpu }) =>
      `${way}: TLS takes ${least.toFixed(2)}× (best), ${middle.toFixed(2)}× (median) the time of plain text, ${cpu.toFixed(2)}× its CPU`,
  )
  const head = ['NBD, 1 GiB over loopback', '', 'best', 'median', 'CPU, both ends']
  return `${formatTable([head, ...rows])}\n${ratios.join('\n')}`
}
