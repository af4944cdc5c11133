import { requires } from '@varve/test-kit/tools'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MockController } from '../dev/mock-controller.ts'
import { findInEveryLook } from './axe.ts'
import { findBarriers, setStage, type Stage, type Visit } from './browser.ts'
import { pages } from './pages.ts'

const backgrounds = { light: 'rgb(247, 246, 243)', dark: 'rgb(20, 23, 26)' } as const

async function backgroundOf(page: Page): Promise<string> {
  return await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
}

describe.skipIf(!requires('chromium'))('pages', () => {
  let stage: Stage
  let controller: MockController
  beforeAll(async () => {
    stage = await setStage()
    controller = await stage.controller()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test.each(pages)(
    '%s shows %s, in light and in dark, and axe finds nothing',
    async (path, heading, sign) => {
      const { page, complaints } = await stage.open(controller.url + path, { colorScheme: 'light' })
      await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
      await page.getByText(sign).first().waitFor()
      expect(await findBarriers(page)).toEqual([])
      expect(await backgroundOf(page)).toBe(backgrounds.light)
      expect(await findInEveryLook(page)).toEqual([])
      expect(await backgroundOf(page)).toBe(backgrounds.dark)
      expect(complaints).toEqual([])
      await page.close()
    },
  )

  test.each(['light', 'dark'] as const)('where all is %s it opens so', async (colorScheme) => {
    const { page, complaints } = await stage.open(controller.url, { colorScheme })
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await backgroundOf(page)).toBe(backgrounds[colorScheme])
    expect(complaints).toEqual([])
    await page.close()
  })

  // 720 is a screen of 1440 at 200 % zoom.
  describe.each([1024, 720, 390])('%d px wide', (width) => {
    let visit: Visit
    beforeAll(async () => {
      visit = await stage.open(controller.url, { width, height: 800 })
    })
    afterAll(() => visit.page.close())

    test.each(pages)('%s fits', async (path, heading) => {
      const { page, complaints } = visit
      await page.goto(controller.url + path)
      await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
      expect(await findBarriers(page)).toEqual([])
      expect(complaints).toEqual([])
    })
  })

  test('an image says what each layer would give back, where that is known', async () => {
    const { page } = await stage.open(`${controller.url}/images/image-0`)
    const card = page.getByRole('region', { name: 'Reclaiming' })
    await card.waitFor()
    expect(await card.getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/^L6\s+About 6\.30 GiB: free in the filesystems of the guest/u),
      expect.stringMatching(/^L2\s+About 819 MiB: allocated in the file, but in no use by the disk/u),
    ])
    await page.close()
  })

  test('a token comes with the line of each system that there is one for', async () => {
    const { page, complaints } = await stage.open(`${controller.url}/settings`, { width: 390, height: 800 })
    await page.getByRole('button', { name: 'Make a token' }).click()
    const line = async () => await page.getByText(/^s=|^\$s = /u).innerText()
    expect(await line()).toContain('/install/linux.sh')
    await page.getByRole('radio', { name: 'Linux' }).press('ArrowRight')
    expect(await line()).toContain('/install/windows.ps1')
    await page.getByRole('radio', { name: 'Windows' }).press('ArrowRight')
    await page.getByText('There is no line for macOS: the release has no archive for macOS.').waitFor()
    expect(await findBarriers(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.close()
  })

  test('the initial JavaScript stays below 300 KiB compressed', async () => {
    const { gzipSync } = await import('node:zlib')
    const html = await (await fetch(controller.url)).text()
    const sources = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/gu)].flatMap(
      ([, path]) => path ?? [],
    )
    expect(sources.length).toBeGreaterThan(0)
    let bytes = 0
    for (const path of sources) {
      bytes += gzipSync(await (await fetch(controller.url + path)).bytes()).length
    }
    expect(bytes).toBeLessThan(300 * 1024)
  })
})
