import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { findBarriers, patience, setStage } from './browser.ts'
import { startAgent, startController } from './real-fleet.ts'

const MiB = 2 ** 20

/** Whether somebody listens at that port of this host. */
async function canConnect(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

describe.skipIf(!requires('chromium'))('with a real controller and real agents', () => {
  test('an image is migrated from the dialog, watched, proven, and then in the list of the other host; a file is uploaded and downloaded', async () => {
    await using place = await tempPlace()
    const [north, south] = [place.file('north'), place.file('south')]
    await mkdir(north)
    await mkdir(south)
    const data = randomBytes(24 * MiB)
    {
      await using image = await open(place.file('north/disk.img'), 'w')
      await image.truncate(256 * MiB)
      await image.write(data, 0, data.length, 40 * MiB)
    }
    await using stage = await setStage()
    await using controller = await startController({ data: place.file('data'), dashboard: stage.folder })
    const { url } = controller
    await using _north = startAgent({ controller: url, name: 'north', library: `images=${north}` })
    await using _south = startAgent({ controller: url, name: 'south', library: `vm=${south}` })

    const { page, complaints } = await stage.open(`${url}/images`)
    // A start that is slow to answer: longer than a plan is taken for fresh.
    await page.route(/\/trpc\/runs\.start/u, async (route) => {
      const answer = await route.fetch()
      await setTimeout(6000)
      await route.fulfill({ response: answer })
    })
    await page.getByText('2 of 2 hosts connected').waitFor()
    await page.getByRole('link', { name: 'disk.img' }).click()
    await page.getByRole('group', { name: 'Image container' }).waitFor()
    expect(await findBarriers(page)).toEqual([])
    await page.getByRole('button', { name: 'Migrate…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Format', { exact: true }).selectOption('raw')
    await dialog.getByLabel('Name', { exact: true }).fill('moved.img')
    const start = dialog.getByRole('button', { name: /^Migrate .* to south$/u })
    await start.waitFor()
    for (const warning of await dialog.getByRole('checkbox').all()) await warning.check()
    await expect.poll(() => start.isEnabled(), patience).toBe(true)
    await start.click()
    await page.waitForURL(/\/migrations\//u)
    await page.getByText('equal: bit for bit the same disk').waitFor()
    const manifest = await page.getByRole('link', { name: 'Manifest' }).getAttribute('href')
    expect((await fetch(url + (manifest ?? ''))).status).toBe(200)
    const change = page.getByRole('region', { name: 'Before and after' })
    await change.getByRole('row', { name: /^Layer What Made from disk\.img on north moved\.img$/u }).waitFor()
    await change.getByRole('row', { name: /^L3 Disk 256 MiB the same$/u }).waitFor()
    await change.getByText('As before: disk.img.').waitFor()
    await page.getByRole('link', { name: 'Show moved.img' }).click()
    await page.getByRole('heading', { level: 1, name: 'moved.img' }).waitFor()

    await page.goto(`${url}/hosts/south?do=upload`)
    const uploading = page.getByRole('dialog')
    const sent = place.file('sent.img')
    await writeFile(sent, data)
    await page.locator('input[type=file]').setInputFiles(sent)
    expect(await uploading.getByLabel('Name in the library').inputValue()).toBe('sent.img')
    await uploading.getByRole('button', { name: 'Upload', exact: true }).click()
    const taking = uploading.getByRole('button', { name: /^Take sent\.img, Raw .* into the library$/u })
    await taking.waitFor()
    expect(await findBarriers(page)).toEqual([])
    for (const warning of await uploading.getByRole('checkbox').all()) await warning.check()
    await expect.poll(() => taking.isEnabled(), patience).toBe(true)
    await taking.click()
    await page.waitForURL(/\/runs\//u)
    await page.locator('header').getByText('done', { exact: true }).waitFor()
    expect((await readFile(place.file('south/sent.img'))).equals(data)).toBe(true)
    await change.getByRole('row', { name: /^L1 File – .*\/sent\.img$/u }).waitFor()
    await page.getByRole('link', { name: 'Download…' }).click()
    const coming = page.waitForEvent('download')
    await page.getByRole('dialog').getByRole('link', { name: 'Download', exact: true }).click()
    const download = await coming
    expect(download.suggestedFilename()).toBe('sent.img')
    expect((await readFile(await download.path())).equals(data)).toBe(true)

    await page.getByRole('button', { name: /^Serve…/u }).click()
    const serving = page.getByRole('dialog').getByRole('button', { name: 'Serve sent.img', exact: true })
    await page.getByRole('dialog').getByText('What will happen').waitFor()
    for (const warning of await page.getByRole('dialog').getByRole('checkbox').all()) await warning.check()
    await expect.poll(() => serving.isEnabled(), patience).toBe(true)
    await serving.click()
    const result = page.getByRole('region', { name: 'Result' })
    const uri = await result.getByText(/^nbdinfo nbd:\/\/127\.0\.0\.1:\d+/u).textContent()
    const { port } = new URL((uri ?? '').replace('nbdinfo nbd:', 'http:'))
    expect(await canConnect(Number(port))).toBe(true)
    await result.getByRole('button', { name: 'Stop serving…' }).click()
    await page.getByRole('button', { name: 'Undo the run' }).click()
    await page.locator('header').getByText('undone', { exact: true }).waitFor()
    expect(await canConnect(Number(port))).toBe(false)
    expect(complaints).toEqual([])

    const moved = await readFile(place.file('south/moved.img'))
    expect(moved.length).toBe(256 * MiB)
    expect(moved.subarray(40 * MiB, 64 * MiB).equals(data)).toBe(true)
  })
})
