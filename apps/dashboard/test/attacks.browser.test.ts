import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { findTool, requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setStage, type Stage } from './browser.ts'
import { startAgent, startController } from './real-fleet.ts'

const name = '<img src=x onerror=window.hit=1><b>bold.img'
const label = '<b>vol</b>'
const schedule = { host: 'north', library: 'images', everySeconds: 86_400, window: null, isOn: false }

/** A site of somebody else: `evil.example` and all that ends in it lead to this machine, as a rebound name does. */
async function startEvilSite(page: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(page)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

describe.skipIf(!requires('chromium'))('attacks by pages, in a browser, on a real controller', () => {
  let place: TempPlace
  let stage: Stage
  let controller: Awaited<ReturnType<typeof startController>>
  let agent: ReturnType<typeof startAgent>
  beforeAll(async () => {
    place = await tempPlace()
    await mkdir(place.file('images'))
    await writeFile(place.file(`images/${name}`), '')
    await truncate(place.file(`images/${name}`), 32 * 2 ** 20)
    const mke2fs = findTool('mke2fs')
    if (mke2fs !== null)
      await promisify(execFile)(mke2fs, ['-q', '-t', 'ext4', '-L', label, place.file(`images/${name}`)])
    stage = await setStage()
    controller = await startController({ data: place.file('data'), dashboard: stage.folder })
    agent = startAgent({
      controller: controller.url,
      name: 'north',
      library: `images=${place.file('images')}`,
    })
    const asked = `${controller.url}/trpc/fleet.host?input=${encodeURIComponent('{"name":"north"}')}`
    while ((await fetch(asked)).status !== 200) await setTimeout(100)
  })
  afterAll(async () => {
    await agent[Symbol.asyncDispose]()
    await controller[Symbol.asyncDispose]()
    await stage[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  test('the dashboard is shown in no frame', async () => {
    const { url } = controller
    const { server, port } = await startEvilSite(
      `<iframe src="${url}/"></iframe><object data="${url}/"></object>`,
    )
    for (const site of [`http://evil.example:${port}`, `http://127.0.0.1:${port}`]) {
      const { page, complaints } = await stage.open(site)
      await expect.poll(() => complaints.join(' ')).toMatch(/frame-ancestors 'none'|X-Frame-Options/u)
      // What is in its place is the browser's own page.
      const shown = () =>
        page
          .frames()
          .slice(1)
          .map((frame) => frame.url())
      await expect.poll(() => shown().every((address) => !address.startsWith(url))).toBe(true)
      expect(await page.locator('#root').count()).toBe(0)
      await page.close()
    }
    server.close()
  })

  test('a page of another site asks, starts and hears nothing', async () => {
    const { server, port } = await startEvilSite('<title>evil</title>')
    const { page } = await stage.open(`http://evil.example:${port}`)
    const tried = await page.evaluate(async (url) => {
      const outcome = async (init: RequestInit, path: string) =>
        await fetch(url + path, init).then(
          ({ type, status }) => `${type} ${status}`,
          () => 'refused',
        )
      const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`)
      const opened = new Promise((resolve) => {
        socket.addEventListener('open', () => resolve('open'))
        socket.addEventListener('error', () => resolve('refused'))
      })
      const script = document.createElement('script')
      script.src = `${url}/before-start.js`
      const loaded = new Promise((resolve) => {
        script.addEventListener('load', () => resolve('loaded'))
        script.addEventListener('error', () => resolve('refused'))
      })
      document.head.append(script)
      const json = { 'content-type': 'application/json' }
      return [
        await outcome({}, '/trpc/fleet.overview'),
        await outcome({ method: 'POST', headers: json, body: '{"name":"north"}' }, '/trpc/fleet.forget'),
        await opened,
        await loaded,
      ]
    }, controller.url)
    expect(tried).toEqual(['refused', 'refused', 'refused', 'refused'])
    // Without asking for leave, as a form does it; the answer is not for it to see.
    await page.evaluate(
      async ([url = '', body = '']) => {
        await fetch(`${url}/trpc/schedules.set`, { method: 'POST', mode: 'no-cors', body }).catch(
          () => undefined,
        )
      },
      [controller.url, JSON.stringify(schedule)],
    )
    const kept = async () =>
      await (await fetch(`${controller.url}/trpc/schedules.list?input=${encodeURIComponent('{}')}`)).text()
    expect(await kept()).not.toContain('everySeconds')
    const set = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(schedule),
    }
    expect((await fetch(`${controller.url}/trpc/schedules.set`, set)).status).toBe(200)
    expect(await kept()).toContain('everySeconds')
    await page.close()
    server.close()
  })

  test('a name that was bound to the controller’s address shows and starts nothing', async () => {
    const { port } = new URL(controller.url)
    const { page } = await stage.open(`http://rebound.evil.example:${port}/`)
    expect(await page.textContent('body')).toContain('This controller is not known as rebound.evil.example')
    const tried = await page.evaluate(async () => {
      const status = async (path: string, init: RequestInit) =>
        await fetch(path, init).then(
          (answer) => answer.status,
          () => 0,
        )
      const json = { 'content-type': 'application/json' }
      return [
        await status('/trpc/fleet.overview', {}),
        await status('/trpc/fleet.forget', { method: 'POST', headers: json, body: '{"name":"north"}' }),
      ]
    })
    // Its own policy lets that page ask for nothing; and what is asked all the same is refused.
    for (const status of tried) expect([0, 421]).toContain(status)
    await page.close()
  })

  test('the name of a file and the label of a filesystem are text on every page', async () => {
    const { url } = controller
    const { page, complaints } = await stage.open(`${url}/images`)
    await page.getByRole('link', { name }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    if (findTool('mke2fs') !== null) await page.getByText(label).first().waitFor()
    const image = page.url()
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').getByRole('combobox').fill('bold')
    await page.getByRole('dialog').getByText(name).first().waitFor()
    await page.keyboard.press('Escape')
    for (const path of ['?do=convert', '?do=check', '?migrate=true']) {
      await page.goto(image + path)
      await page.getByRole('dialog').getByText(name).first().waitFor()
    }
    await page.goto(`${image}?do=check`)
    await page.getByRole('dialog').locator('button[type=submit]:enabled').click()
    await page.waitForURL(/\/runs\//u)
    await page.locator('header').getByText('done', { exact: true }).waitFor()
    for (const path of ['/runs', '/activity', '/audit']) {
      await page.goto(url + path)
      await page.getByText(name).first().waitFor({ state: 'attached' })
      for (const closed of await page.locator('summary').all()) await closed.click()
      await page.getByText(name).first().waitFor()
      expect(await page.locator('img[src=x], b').count()).toBe(0)
    }
    expect(await page.evaluate(() => 'hit' in window)).toBe(false)
    expect(complaints).toEqual([])
    const { pathname } = new URL(image)
    const file = await fetch(`${url}/api${pathname}/file`)
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-disposition': expect.stringMatching(/^attachment; filename="/u),
      'content-security-policy': expect.stringContaining('sandbox'),
      'x-content-type-options': 'nosniff',
      'content-type': 'application/octet-stream',
    })
    await file.body?.cancel()
    await page.close()
  })
})
