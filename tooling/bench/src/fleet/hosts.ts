import { setTimeout as sleep } from 'node:timers/promises'
import { FakeHost } from './fake-host.ts'
import { ControllerProcess } from './processes.ts'
import { askOnce, inWords, latency, question, type Latency } from './question.ts'

export interface HostsResult {
  readonly hosts: number
  /** Seconds over which the hellos were spread, and until the last was answered. */
  readonly spread: number
  readonly hellos: number
  /** Milliseconds of the controller's processor time for each hello. */
  readonly cpuPerHello: number
  readonly failed: number
  /** The same after the controller was killed and all hosts came back. */
  readonly again: number
  readonly failedAgain: number
  /** Milliseconds from the start after `kill -9` to the first answer, and to the overview's. */
  readonly restart: number
  /** Processor time of that start, in milliseconds. */
  readonly restartCpu: number
  readonly overviewAfter: number
  readonly answers: Readonly<Record<string, Latency & { readonly bytes: number }>>
  readonly memory: number
}

const questions = {
  overview: question('fleet.overview'),
  hosts: question('fleet.hosts', { limit: 100 }),
  'hosts by free space': question('fleet.hosts', { sort: 'free', direction: 'asc', limit: 100 }),
  'hosts that match': question('fleet.hosts', { search: '99', limit: 100 }),
  info: question('fleet.info'),
} as const
const asks = 20
/** Agents wait up to so long before they dial again. */
const longestSpread = 20

/** How a controller bears so many hosts: their hellos, its answers, its start after a kill. */
export async function measureHosts(hosts: number, data: string): Promise<HostsResult> {
  await using controller = await ControllerProcess.start(data)
  const fleet = Array.from({ length: hosts }, (_, index) => new FakeHost(`host-${index}`))
  try {
    const spread = Math.min(longestSpread, hosts / 500)
    const cpu = controller.cpuSeconds()
    const first = await helloAll(fleet, controller.url, spread)
    const cpuPerHello = ((controller.cpuSeconds() - cpu) * 1000) / hosts
    const answers: Record<string, Latency & { bytes: number }> = {}
    for (const [name, path] of Object.entries(questions)) {
      const times: number[] = []
      let bytes = 0
      for (let turn = 0; turn < asks; turn += 1) {
        const asked = await askOnce(controller.url, path)
        times.push(asked.ms)
        ;({ bytes } = asked)
      }
      answers[name] = { ...latency(times), bytes }
    }
    const memory = controller.memory()
    await controller.kill()
    for (const host of fleet) host.close()
    const restart = await controller.run()
    const restartCpu = controller.cpuSeconds() * 1000
    const overviewAfter = (await askOnce(controller.url, questions.overview)).ms
    const second = await helloAll(fleet, controller.url, spread)
    return {
      hosts,
      spread,
      hellos: first.seconds,
      cpuPerHello,
      failed: first.failed,
      again: second.seconds,
      failedAgain: second.failed,
      restart,
      restartCpu,
      overviewAfter,
      answers,
      memory,
    }
  } finally {
    for (const host of fleet) host.close()
  }
}

async function helloAll(
  fleet: readonly FakeHost[],
  url: string,
  spread: number,
): Promise<{ seconds: number; failed: number }> {
  const started = performance.now()
  let failed = 0
  await Promise.all(
    fleet.map(async (host) => {
      await sleep(Math.random() * spread * 1000)
      await host.hello(url).catch(() => (failed += 1))
    }),
  )
  return { seconds: (performance.now() - started) / 1000, failed }
}

export function formatHosts(result: HostsResult): string {
  const { hosts, spread, hellos, failed, again, failedAgain, restart, overviewAfter, memory } = result
  return [
    `${hosts} hosts: hellos spread over ${spread.toFixed(1)} s answered after ${hellos.toFixed(1)} s (${failed} failed, ${result.cpuPerHello.toFixed(2)} ms of processor time each), controller ${(memory / 1024 ** 2).toFixed(0)} MiB`,
    ...Object.entries(result.answers).map(
      ([name, answer]) => `  ${name}: ${inWords(answer)}, ${(answer.bytes / 1024).toFixed(0)} KiB`,
    ),
    `  kill -9 and start: first answer after ${restart.toFixed(0)} ms (${result.restartCpu.toFixed(0)} ms of processor time), overview in ${overviewAfter.toFixed(0)} ms more; all hosts back after ${again.toFixed(1)} s (${failedAgain} failed)`,
  ].join('\n')
}
