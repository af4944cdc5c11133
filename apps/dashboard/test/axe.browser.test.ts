import { requires } from '@varve/test-kit/tools'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findInEveryLook } from './axe.ts'
import { setStage, type Stage } from './browser.ts'

/** In what is opened from a page; in the pages themselves `pages.browser.test.ts` lets it look. */
describe.skipIf(!requires('chromium'))('axe finds nothing', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

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
    [
      'the line that installs a host',
      '/settings',
      async (page: Page) => {
        await page.getByRole('button', { name: 'Make a token' }).click()
        await page.getByText('Windows', { exact: true }).click()
      },
      'opened as administrator',
    ],
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
