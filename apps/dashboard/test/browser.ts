import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findTool } from '@varve/test-kit/tools'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build } from 'vite'
import { startMockController, type MockController, type MockOptions } from '../dev/mock-controller.ts'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Sites of somebody else, which are on this machine.
  '--host-resolver-rules=MAP *.example 127.0.0.1',
]

/** How long a condition that must come true is waited for, with `expect.poll`: as Playwright waits, also on a busy machine. */
export const patience = { timeout: 120_000 }

/** A browser and the dashboard as it is shipped, built into a folder of its own. */
export interface Stage extends AsyncDisposable {
  /** Where the dashboard was built. */
  readonly folder: string
  /** A mock controller that serves the dashboard. */
  controller(options?: MockOptions): Promise<MockController>
  open(url: string, options?: OpenOptions): Promise<Visit>
}

export interface OpenOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
}

/** A page with what it complained about. */
export interface Visit {
  readonly page: Page
  /** Errors of the console and uncaught ones, so far. */
  readonly complaints: string[]
}

export async function setStage(): Promise<Stage> {
  const executablePath = findTool('chromium')
  if (executablePath === null) throw new Error('chromium is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'varve-dashboard-'))
  await buildAsShipped(folder)
  const browser: Browser = await chromium.launch({ executablePath, args: flags })
  const controllers: MockController[] = []
  return {
    folder,
    async controller(options = {}) {
      const controller = await startMockController({ dashboard: folder, ...options })
      controllers.push(controller)
      return controller
    },
    async open(url, { width = 1440, height = 900, colorScheme = 'light' } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme })
      page.setDefaultTimeout(patience.timeout)
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() !== 'error' && message.type() !== 'warning') return
        const { url } = message.location()
        complaints.push(url === '' ? message.text() : `${message.text()} (${url})`)
      })
      await page.goto(url)
      return { page, complaints }
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await Promise.all(controllers.map((controller) => controller.close()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The test runner's `NODE_ENV` would bundle the libraries' development builds: half as big again, and slower. */
async function buildAsShipped(folder: string): Promise<void> {
  const former = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    await build({
      configFile: join(import.meta.dirname, '../vite.config.ts'),
      logLevel: 'error',
      build: { outDir: folder, emptyOutDir: true },
    })
  } finally {
    process.env['NODE_ENV'] = former
  }
}

/** What a reader with a screen reader would stumble over; empty when all is well. */
export async function findBarriers(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const found: string[] = []
    const visible = (element: Element) => element.checkVisibility({ checkVisibilityCSS: true })
    const nameOf = (element: Element): string => {
      const labelledBy = (element.getAttribute('aria-labelledby') ?? '')
        .split(' ')
        .map((id) => document.getElementById(id)?.textContent ?? '')
        .join('')
      const labels = 'labels' in element && element.labels instanceof NodeList ? [...element.labels] : []
      return [
        element.getAttribute('aria-label') ?? '',
        labelledBy,
        ...labels.map((label) => label.textContent ?? ''),
        element.textContent ?? '',
        element.getAttribute('title') ?? '',
      ]
        .join('')
        .trim()
    }
    const describe = (element: Element) => element.outerHTML.slice(0, 120)

    if (document.documentElement.lang === '') found.push('the page has no language')
    if (document.title === '' || document.title === 'Varve') found.push('the tab has no name')
    if (document.querySelectorAll('main').length !== 1) found.push('there is not exactly one main landmark')
    if (document.querySelectorAll('nav[aria-label="Main"]').length !== 1)
      found.push('there is no main navigation')
    if (document.querySelectorAll('h1').length !== 1) found.push('there is not exactly one first heading')
    for (const element of document.querySelectorAll(
      'button, a[href], input, select, textarea, [role="img"], [role="grid"]',
    )) {
      if (visible(element) && nameOf(element) === '') found.push(`no name: ${describe(element)}`)
    }
    for (const element of document.querySelectorAll('[role="row"]')) {
      if (!element.closest('[role="grid"]')) found.push(`a row outside a grid: ${describe(element)}`)
    }
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
    for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at)))
      found.push(`the id ${id} stands twice`)
    for (const element of document.querySelectorAll('[tabindex]')) {
      if (Number(element.getAttribute('tabindex')) > 0)
        found.push(`an order of its own: ${describe(element)}`)
    }
    if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) {
      found.push(
        `the page is ${document.documentElement.scrollWidth} wide in ${document.documentElement.clientWidth}`,
      )
    }
    return found
  })
}
