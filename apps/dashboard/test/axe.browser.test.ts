import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { requires } from '@varve/test-kit/tools'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MockController } from '../dev/mock-controller.ts'
import { setStage, type Stage } from './browser.ts'
import { pages } from './pages.ts'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

type Axe = typeof axe

/** Every rule that axe has, also those it leaves out unless asked: names that differ from labels, targets that are small. */
async function findViolations(page: Page, rules: 'all' | 'colors'): Promise<string[]> {
  await page.evaluate(await readFile(axePath, 'utf8'))
  const results = await page.evaluate(
    async (isAll) =>
      await (globalThis as unknown as { axe: Axe }).axe.run(document, {
        resultTypes: ['violations'],
        ...(isAll
          ? { rules: { 'target-size': { enabled: true }, 'label-content-name-mismatch': { enabled: true } } }
          : { runOnly: ['color-contrast'] }),
      }),
    rules === 'all',
  )
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} — ${failureSummary ?? ''}`),
  )
}

describe.skipIf(!requires('chromium'))('axe finds nothing', () => {
  let stage: Stage
  let controller: MockController
  beforeAll(async () => {
    stage = await setStage()
    controller = await stage.controller()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  /** Appearance, width in pixels, rules: of those of axe, colours alone depend on the appearance. */
  const looks = [
    ['light', 1440, 'all'],
    ['dark', 1440, 'colors'],
    ['dark', 390, 'all'],
  ] as const
  /** A page is opened once and looked at in each. */
  async function findInEveryLook(page: Page): Promise<string[]> {
    const found: string[] = []
    await page.addStyleTag({ content: '*, ::before, ::after { transition: none !important }' })
    for (const [colorScheme, width, rules] of looks) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor()
      const violations = await findViolations(page, rules)
      found.push(...violations.map((violation) => `${colorScheme}, ${width} px: ${violation}`))
    }
    return found
  }

  test.each(pages)('%s', async (path, heading, sign) => {
    const { page } = await stage.open(controller.url + path)
    await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
    await page.getByText(sign).first().waitFor()
    expect(await findInEveryLook(page)).toEqual([])
    await page.close()
  })

  /** Starts what the open dialog is about. */
  async function begin(page: Page): Promise<void> {
    await page.getByRole('dialog').locator('button[type=submit]:enabled').click()
  }

  test.each([
    ['the palette', '/', async (page: Page) => page.keyboard.press('Control+k'), 'Light appearance'],
    ['the migrate dialog', '/images/image-0?migrate=true', async () => undefined, 'What will happen'],
    [
      'the batch dialog',
      '/images?migrate=%5B%22image-3%22%2C%22image-4%22%5D',
      async () => undefined,
      'Name on the target',
    ],
    ['the dialog of an operation', '/images/image-6?do=convert', async () => undefined, 'What will happen'],
    ['one that is final', '/runs/run-3?do=purge', async () => undefined, 'no way back after this'],
    [
      'the batch of an operation',
      '/images?do=delete&images=%5B%22image-3%22%2C%22image-4%22%5D',
      async () => undefined,
      'Each image is a run of its own.',
    ],
    ['an image that is served', '/images/image-6?do=serve', begin, 'Stop serving…'],
    ['a chain', '/images/image-6?do=chain-show', begin, 'this image'],
    ['a diagnosis', '/hosts/north?do=doctor', begin, 'Repoint…'],
    ['an image that is examined', '/images/image-6?do=info', begin, 'Something is not in order.'],
    [
      'the upload dialog',
      '/hosts/north?do=upload',
      async () => undefined,
      'Nothing is sent before you say so.',
    ],
    ['the undo of a run', '/runs/run-3?wish=undo', async () => undefined, 'Leave it as it is'],
    ['the cancel dialog', '/migrations/migration-4?cancel=true', async () => undefined, 'Let it run'],
  ] as const)('%s', async (_what, path, open, sign) => {
    const fresh = await stage.controller()
    const { page } = await stage.open(fresh.url + path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await open(page)
    await page.getByText(sign).first().waitFor()
    expect(await findInEveryLook(page)).toEqual([])
    await page.close()
    await fresh.close()
  })
})
