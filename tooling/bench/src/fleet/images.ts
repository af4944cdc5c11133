import { setTimeout as sleep } from 'node:timers/promises'
import { FakeHost, inventedRecord } from './fake-host.ts'
import { ControllerProcess, startProbe } from './processes.ts'
import { allOf, inWords, question, type Latency } from './question.ts'
import { RawClient } from './raw-client.ts'

export interface ImagesResult {
  readonly images: number
  /** Images a second, over all and over the last tenth. */
  readonly rate: number
  readonly lastRate: number
  /** Microseconds of the controller's processor time for each image, lists and events included. */
  readonly cpuPerImage: number
  readonly dropped: number
  /** Lists of images that were asked for meanwhile. */
  readonly lists: Latency
  readonly failedLists: number
  readonly memory: number
  /** Milliseconds to the first answer after a `kill -9` with so many images. */
  readonly restart: number
  readonly events: EventsResult
}

export interface EventsResult {
  readonly dashboards: number
  readonly changes: number
  readonly seconds: number
  /** Events that the slowest dashboard was given, and how long after the last change it had the last. */
  readonly fewest: number
  readonly lag: number
  readonly lists: Latency
}

const hosts = 20
const perDelta = 50
const dashboards = 20
const eventSeconds = 5
const changesPerSecond = 1000
/** What people look at: all, in several orders, by host, format, findings and words. */
const lists = [
  {},
  { sort: 'virtualSize', direction: 'desc' },
  { sort: 'modifiedAt', direction: 'desc', offset: 300 },
  { host: 'host-3' },
  { format: 'vhdx' },
  { findings: 'warn', sort: 'findings', direction: 'desc' },
  { problem: 'filesystem-dirty' },
  { search: 'mail77' },
  { search: 'desktop' },
].map((query) => question('images.list', { limit: 100, ...query }))

/** Fills a controller with images from several hosts at once while dashboards look, then changes them. */
export async function measureImages(images: number, data: string): Promise<ImagesResult> {
  await using controller = await ControllerProcess.start(data)
  const fleet = Array.from({ length: hosts }, (_, index) => new FakeHost(`host-${index}`))
  try {
    for (const host of fleet) await host.hello(controller.url)
    const probe = await startProbe(controller.url, { questions: lists, pauseMs: 20 })
    const cpu = controller.cpuSeconds()
    const started = performance.now()
    let [sent, lastAt] = [0, 0]
    let next = 0
    await Promise.all(
      fleet.map(async (host) => {
        while (next < images) {
          const first = next
          next += perDelta
          const count = Math.min(perDelta, images - first)
          await host.send(
            Array.from({ length: count }, (_, index) => inventedRecord(host.name, first + index)),
          )
          sent += count
          if (lastAt === 0 && sent >= images * 0.9) lastAt = performance.now()
        }
      }),
    )
    const ended = performance.now()
    const cpuPerImage = ((controller.cpuSeconds() - cpu) * 1e6) / images
    const probed = await probe.end()
    const events = await measureEvents(controller.url, fleet, images)
    const memory = controller.memory()
    const dropped = fleet.reduce((sum, host) => sum + host.dropped, 0)
    await controller.kill()
    return {
      images,
      rate: images / ((ended - started) / 1000),
      lastRate: (images * 0.1) / ((ended - lastAt) / 1000),
      cpuPerImage,
      dropped,
      lists: allOf(probed),
      failedLists: probed.failed,
      memory,
      restart: await controller.run(),
      events,
    }
  } finally {
    for (const host of fleet) host.close()
  }
}

/** Changes different images at a steady rate while dashboards follow. */
async function measureEvents(url: string, fleet: readonly FakeHost[], images: number): Promise<EventsResult> {
  const changes = changesPerSecond * eventSeconds
  const counts = Array.from({ length: dashboards }, () => 0)
  let lastEvent = 0
  const clients = await Promise.all(counts.map(() => RawClient.connect(url)))
  clients.forEach((client, index) =>
    client.subscribe('events.live', {}, (data) => {
      counts[index] = (counts[index] ?? 0) + imagesIn(data)
      lastEvent = performance.now()
    }),
  )
  await sleep(500)
  const probe = await startProbe(url, { questions: lists, pauseMs: 20 })
  const started = performance.now()
  const tick = 50
  const perTick = (changesPerSecond * tick) / 1000
  const sending: Promise<void>[] = []
  for (let first = 0; first < changes; first += perTick) {
    const host = fleet[(first / perTick) % fleet.length]
    const records = Array.from({ length: perTick }, (_, index) =>
      inventedRecord(host?.name ?? '', (first + index) % images, 1),
    )
    if (host) sending.push(host.send(records))
    await sleep(Math.max(0, started + (first / perTick + 1) * tick - performance.now()))
  }
  await Promise.all(sending)
  const ended = performance.now()
  for (let turn = 0; turn < 100 && Math.min(...counts) < changes; turn += 1) await sleep(100)
  for (const client of clients) client.terminate()
  return {
    dashboards,
    changes,
    seconds: (ended - started) / 1000,
    fewest: Math.min(...counts),
    lag: Math.max(0, lastEvent - ended),
    lists: allOf(await probe.end()),
  }
}

/** Images in a batch of events, which are tracked: `{id, data: [{event}]}`. */
function imagesIn(data: unknown): number {
  const { data: batch } = data as { data: readonly { event: { kind: string } }[] }
  return batch.filter(({ event }) => event.kind === 'image-changed').length
}

export function formatImages(result: ImagesResult): string {
  const { images, rate, lastRate, dropped, lists: asked, failedLists, memory, restart, events } = result
  return [
    `${images} images from ${hosts} hosts: ${rate.toFixed(0)} a second (the last tenth: ${lastRate.toFixed(0)}), ${result.cpuPerImage.toFixed(0)} µs of processor time each, ${dropped} connections dropped, controller ${(memory / 1024 ** 2).toFixed(0)} MiB`,
    `  lists meanwhile: ${asked.count}, ${inWords(asked)}, ${failedLists} failed`,
    `  ${events.changes} changes in ${events.seconds.toFixed(1)} s to ${events.dashboards} dashboards: each had at least ${events.fewest}, the last ${events.lag.toFixed(0)} ms after the last change; lists ${inWords(events.lists)}`,
    `  kill -9 and start: first answer after ${restart.toFixed(0)} ms`,
  ].join('\n')
}
