import { tempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { setStage } from './browser.ts'
import { startController } from './real-fleet.ts'

/** The image list brings its virtual rows and its fields besides. */
const limits = [
  ['/', 200],
  ['/migrations', 200],
  ['/images', 220],
] as const

describe.skipIf(!requires('chromium'))('a cold load from a real controller', () => {
  test.each(limits)('%s takes at most %d KiB over the wire', async (path, mostKiB) => {
    await using place = await tempPlace()
    await using stage = await setStage()
    await using controller = await startController({ data: place.file('data'), dashboard: stage.folder })
    const { page } = await stage.open('about:blank')
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
    const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
    expect(sizes.size).toBeGreaterThan(3)
    expect({ total, isLittle: total <= mostKiB * 1024, sizes: [...sizes] }).toMatchObject({ isLittle: true })

    const script = [...sizes.keys()].find((url) => url.endsWith('.js')) ?? ''
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
