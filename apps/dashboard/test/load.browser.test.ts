import { tempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patience, setStage, type Stage } from './browser.ts'
import { startController } from './real-fleet.ts'

const mostKiB = 200

describe.skipIf(!requires('chromium'))('a cold load from a real controller', () => {
  let stage: Stage
  let place: Awaited<ReturnType<typeof tempPlace>>
  let controller: Awaited<ReturnType<typeof startController>>
  beforeAll(async () => {
    place = await tempPlace()
    stage = await setStage()
    controller = await startController({ data: place.file('data'), dashboard: stage.folder })
  })
  afterAll(async () => {
    await controller[Symbol.asyncDispose]()
    await stage[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  test.each(['/', '/runs', '/images'])(`%s takes at most ${mostKiB} KiB over the wire`, async (path) => {
    const { page } = await stage.open('about:blank')
    // What is loaded ahead, for later, is not part of it, however long this takes.
    await page.clock.install()
    const wire = await page.context().newCDPSession(page)
    await wire.send('Network.enable')
    const sizes = new Map<string, number>()
    const urls = new Map<string, string>()
    wire.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, response.url))
    wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
      sizes.set(urls.get(requestId) ?? requestId, encodedDataLength),
    )
    await page.goto(controller.url + path)
    await page.getByRole('heading', { level: 2 }).first().waitFor()
    await page.evaluate(() => document.fonts.ready.then(() => undefined))
    await expect.poll(() => sizes.size, patience).toBeGreaterThan(10)
    const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
    expect(total, [...sizes].map(([url, bytes]) => `${bytes} ${url}`).join('\n')).toBeLessThan(mostKiB * 1024)

    const script = [...sizes.keys()].find((url) => url.includes('/assets/libraries-')) ?? ''
    const answer = await fetch(script, { headers: { 'accept-encoding': 'br' } })
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'br',
      vary: expect.stringMatching(/accept-encoding/iu),
    })
    const start = await fetch(controller.url + path, { headers: { 'accept-encoding': 'gzip' } })
    expect(Object.fromEntries(start.headers)).toMatchObject({
      'cache-control': 'no-cache',
      'content-encoding': 'gzip',
      'content-type': expect.stringContaining('text/html'),
    })
    await page.close()
  })
})
