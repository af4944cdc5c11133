import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findTool } from '@varve/test-kit/tools'
import { chromium, type Page } from 'playwright-core'
import { FakeHost, inventedRecord } from '../fleet/fake-host.ts'
import { ControllerProcess } from '../fleet/processes.ts'

const dashboard = resolve(import.meta.dirname, '../../../../apps/dashboard')
const hosts = 20
const perDelta = 50
/** From the start of the navigation until the rows of the image list are seen, in milliseconds. */
const budget = 1500
/** A browser that has just been started is busy with itself. */
const settleMs = 2000

const browserFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** One cold load; all times in milliseconds from the start of the navigation. */
export interface PageLoad {
  /** The first words are painted. */
  readonly painted: number
  /** The list was asked for, and its answer was whole. */
  readonly asked: number
  readonly answered: number
  /** All rows in view are painted with what is in them. */
  readonly rows: number
  /** Processor time of the page's main thread until then, whatever else the machine did. */
  readonly cpu: number
  readonly wireBytes: number
  /** Of the machine, over the minute before. */
  readonly load: number
}

export interface PageResult {
  readonly images: number
  readonly budget: number
  readonly loads: readonly PageLoad[]
}

/** Loads the image list from a controller that knows so many images, each time in a browser that runs and has loaded nothing yet. */
export async function runPage({ images, runs }: { images: number; runs: number }): Promise<PageResult> {
  const executablePath = findTool('chromium')
  if (executablePath === null) throw new Error('chromium is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'varve-bench-page-'))
  try {
    const built = join(folder, 'dashboard')
    await buildDashboard(built)
    await using controller = await ControllerProcess.start(join(folder, 'data'), ['--dashboard', built])
    const fleet = await fill(controller.url, images)
    try {
      const loads: PageLoad[] = []
      for (let run = 0; run < runs; run += 1) {
        const browser = await chromium.launch({ executablePath, args: browserFlags })
        try {
          const page = await browser.newPage()
          await sleep(settleMs)
          loads.push(await loadOnce(page, controller.url))
        } finally {
          await browser.close()
        }
      }
      return { images, budget, loads }
    } finally {
      for (const host of fleet) host.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function buildDashboard(outDir: string): Promise<void> {
  const vite = join(dashboard, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'error']
  await promisify(execFile)(process.execPath, args, {
    cwd: dashboard,
    env: { ...process.env, NODE_ENV: 'production' },
  })
}

async function fill(url: string, images: number): Promise<readonly FakeHost[]> {
  const fleet = Array.from({ length: hosts }, (_, index) => new FakeHost(`host-${index}`))
  for (const host of fleet) await host.hello(url)
  for (let first = 0; first < images; first += perDelta) {
    const host = fleet[(first / perDelta) % hosts]
    const count = Math.min(perDelta, images - first)
    await host?.send(Array.from({ length: count }, (_, at) => inventedRecord(host.name, first + at)))
  }
  return fleet
}

async function loadOnce(page: Page, url: string): Promise<PageLoad> {
  const [load = Number.NaN] = loadavg()
  await page.setViewportSize({ width: 1440, height: 900 })
  const wire = await page.context().newCDPSession(page)
  await wire.send('Network.enable')
  await wire.send('Performance.enable', { timeDomain: 'threadTicks' })
  let wireBytes = 0
  wire.on('Network.loadingFinished', ({ encodedDataLength }) => (wireBytes += encodedDataLength))
  await page.addInitScript(watchRows)
  await page.goto(`${url}/images`, { waitUntil: 'commit' })
  const seen = await page.waitForFunction(() => (globalThis as { rowsSeen?: number }).rowsSeen)
  const rows = await seen.jsonValue()
  if (rows === undefined) throw new Error('the rows were not seen')
  const bytes = wireBytes
  const { metrics } = await wire.send('Performance.getMetrics')
  const cpu = (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000
  const times = await page.evaluate(() => {
    const list = performance
      .getEntriesByType('resource')
      .find((entry) => entry.name.includes('images.list')) as PerformanceResourceTiming | undefined
    const paint = performance.getEntriesByName('first-contentful-paint')[0]
    return {
      painted: paint?.startTime ?? Number.NaN,
      asked: list?.startTime ?? Number.NaN,
      answered: list?.responseEnd ?? Number.NaN,
    }
  })
  return { ...times, rows, cpu, wireBytes: bytes, load }
}

/** In the page: looks at every frame whether each row in view is there, and takes the time when that frame is painted. */
function watchRows(): void {
  const look = () => {
    const grid = document.querySelector('[role="grid"]')
    const rows = [...(grid?.querySelectorAll('[role="row"][aria-rowindex]') ?? [])].slice(1)
    const isWhole = rows.length > 20 && rows.every(({ id }) => id.startsWith('image-row-'))
    if (!isWhole) {
      requestAnimationFrame(look)
      return
    }
    requestAnimationFrame(() => {
      ;(globalThis as { rowsSeen?: number }).rowsSeen = performance.now()
    })
  }
  requestAnimationFrame(look)
}

export function formatPage({ images, budget: most, loads }: PageResult): string {
  const ms = (value: number) => `${value.toFixed(0)} ms`
  const sorted = loads.map(({ rows }) => rows).toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  return [
    `Cold loads of the image list, ${images} images: rows are seen after ${ms(middle)} in the middle, ${ms(sorted.at(-1) ?? Number.NaN)} at worst (to be below ${ms(most)})`,
    ...loads.map(
      ({ painted, asked, answered, rows, cpu, wireBytes, load }) =>
        `  first paint ${ms(painted)}, list asked for ${ms(asked)}, answered ${ms(answered)}, rows ${ms(rows)}; ${ms(cpu)} of the page's thread; ${(wireBytes / 1024).toFixed(0)} KiB over the wire; load ${load.toFixed(1)}`,
    ),
  ].join('\n')
}
