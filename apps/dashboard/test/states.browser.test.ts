import { requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findBarriers, setStage, type Stage } from './browser.ts'

const lists = ['/', '/hosts', '/images', '/runs', '/activity', '/audit']

describe.skipIf(!requires('chromium'))('states', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('an empty fleet says how a host joins; the command can be copied', async () => {
    const controller = await stage.controller({ scene: 'empty' })
    const { page, complaints } = await stage.open(controller.url)
    await page.getByRole('heading', { name: 'No hosts yet' }).waitFor()
    await page.getByText('varve agent --controller').waitFor()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('varve agent --controller')
    for (const path of ['/hosts', '/images', '/runs', '/activity', '/audit']) {
      await page.goto(controller.url + path)
      await page.getByRole('heading', { level: 2, name: / yet$/u }).waitFor()
      expect(await findBarriers(page)).toEqual([])
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  test.each(lists)('%s says what went wrong, and what to do', async (path) => {
    const controller = await stage.controller({ scene: 'broken' })
    const { page } = await stage.open(controller.url + path)
    const alert = page.getByRole('alert').first()
    await alert.waitFor()
    expect(await alert.textContent()).toContain('disk I/O error')
    expect(await alert.textContent()).toContain('Check the disk and the system log of that host.')
    expect(await alert.textContent()).toContain('input-output')
    await page.close()
    await controller.close()
  })

  test('something that is not there is said so', async () => {
    const controller = await stage.controller()
    const { page } = await stage.open(`${controller.url}/images/gone`)
    await page.getByText('There is no image of that name in this fleet', { exact: false }).waitFor()
    await page.close()
    await controller.close()
  })

  test('a lost controller is told with its time, and the page catches up when it is back', async () => {
    const controller = await stage.controller()
    const { page } = await stage.open(`${controller.url}/images`)
    await page.getByText('214 images').waitFor()
    await controller.close()
    await page.getByText(/^No connection to the controller since \d\d:\d\d:\d\d/u).waitFor()
    // What was there stays there.
    expect(await page.getByText('214 images').isVisible()).toBe(true)
    const again = await stage.controller({ port: Number(new URL(controller.url).port), scene: 'empty' })
    await page.getByText('No images yet').waitFor()
    await page.getByText(/^No connection to the controller/u).waitFor({ state: 'hidden' })
    await page.close()
    await again.close()
  })

  test('going to another page while the controller is away keeps the app, and the page comes when it is back', async () => {
    const controller = await stage.controller()
    const { page } = await stage.open(`${controller.url}/images`)
    await page.getByText('214 images').waitFor()
    // Before the other pages were loaded ahead.
    await controller.close()
    await page.getByRole('link', { name: /^Activity/u }).click()
    await page.getByText(/^No connection to the controller since/u).waitFor()
    await page.getByRole('navigation', { name: 'Main' }).waitFor()
    const again = await stage.controller({ port: Number(new URL(controller.url).port) })
    await page.getByRole('heading', { level: 1, name: 'Activity' }).waitFor()
    await page.getByText('south connected').waitFor()
    await page.close()
    await again.close()
  })
})
