import { requires } from '@varve/test-kit/tools'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findBarriers, patience, setStage, type Stage } from './browser.ts'

describe.skipIf(!requires('chromium'))('runs', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  /** A controller and a fleet of its own: what runs in it is this test's. */
  async function open(path: string, width = 1440) {
    const controller = await stage.controller()
    const { page, complaints } = await stage.open(controller.url + path, { width })
    return {
      page,
      complaints,
      url: controller.url,
      close: async () => [await page.close(), await controller.close()],
    }
  }

  const steps = (page: Page) => page.getByRole('region', { name: 'Steps' })
  const state = (page: Page, words: string) =>
    page.locator('header').getByText(words, { exact: true }).waitFor()

  test('from an image to a run that is done: plan, consent, start; and back by undo', async () => {
    const { page, complaints, close } = await open('/images/image-6')
    await page.getByRole('button', { name: /^Delete…/u }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('What will happen').waitFor()
    await dialog.getByRole('img', { name: 'Acts on host filesystem' }).waitFor()
    await dialog.getByText('Put it into quarantine', { exact: true }).click()
    await dialog.getByText('native: rename /srv/images/cache06.qcow2', { exact: false }).waitFor()
    await dialog.getByText('Runbook: the same as a script').click()
    await dialog.getByText('#!/bin/sh', { exact: false }).waitFor()
    const start = dialog.getByRole('button', { name: /^Put cache06\.qcow2 .* into quarantine$/u })
    expect(await start.isDisabled()).toBe(true)
    await dialog.getByText('One warning is still to accept.').waitFor()
    await dialog.getByRole('checkbox').check()
    await expect.poll(() => start.isEnabled(), patience).toBe(true)
    await start.click()
    await page.waitForURL(/\/runs\/run-8$/u)
    await state(page, 'done')
    await steps(page).getByText('kept as 1f0c2a until 2026-12-28').waitFor()
    await page
      .getByRole('region', { name: 'Warnings accepted' })
      .getByText('It was not seen', { exact: false })
      .waitFor()
    const log = page.getByRole('region', { name: 'Log' }).getByRole('listitem')
    await expect.poll(() => log.count(), patience).toBe(4)
    await page.getByRole('button', { name: 'Undo…' }).click()
    await page.getByRole('dialog').getByText('back to where it was', { exact: false }).waitFor()
    await page.getByRole('button', { name: 'Undo the run' }).click()
    await state(page, 'undone')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await log.getByText('Undone: Put it into quarantine').waitFor()
    expect(await findBarriers(page)).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })

  test('what only reads ends with its result', async () => {
    const { page, complaints, close } = await open('/images/image-6?do=verify')
    const start = page.getByRole('dialog').getByRole('button', { name: /^Prove again/u })
    await expect.poll(() => start.isEnabled(), patience).toBe(true)
    await start.click()
    await page.waitForURL(/\/runs\/run-8$/u)
    const result = page.getByRole('region', { name: 'Result' })
    await result.getByText('It has changed: 3 chunks of 8,192 differ.').waitFor()
    await result.getByRole('img', { name: /^Changed: 4\.69 GiB to/u }).waitFor()
    await result.getByText('ext4 on partition 2: 12.0 MiB').waitFor()
    expect(await findBarriers(page)).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })

  test('what lies in quarantine is restored from its host', async () => {
    const { page, complaints, close } = await open('/hosts/north')
    await page.getByRole('button', { name: 'Restore ldap15.vmdk' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Give it back its place', { exact: true }).waitFor()
    const start = dialog.getByRole('button', { name: 'Restore what lies in quarantine 1f0c2a77b1c0' })
    await expect.poll(() => start.isEnabled(), patience).toBe(true)
    await start.click()
    await page.waitForURL(/\/runs\/run-8$/u)
    expect(complaints).toEqual([])
    await close()
  })

  test('a refusal says the remedy and cannot be started', async () => {
    const { page, complaints, close } = await open('/images/image-6?do=compare')
    const dialog = page.getByRole('dialog')
    const field = dialog.getByLabel('Name of the other', { exact: false })
    await dialog.getByText('A name is needed.').waitFor()
    await field.fill('taken.qcow2')
    await dialog.getByText('This cannot be done as it stands').waitFor()
    await dialog.getByText('Choose another name, or delete that file first.').waitFor()
    expect(await dialog.getByRole('button', { name: 'Compare', exact: true }).isDisabled()).toBe(true)
    await field.fill('web.qcow2')
    await dialog.getByText('What will happen').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(new URL(page.url()).search).toBe('')
    expect(complaints).toEqual([])
    await close()
  })

  test('what nothing brings back is marked, and asks for the name', async () => {
    const { page, close } = await open('/runs/run-3')
    await page.getByRole('button', { name: 'Remove for good…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('no way back after this').waitFor()
    await dialog.getByRole('checkbox').check()
    const start = dialog.getByRole('button', { name: /^Remove what lies in quarantine 1f0c2a/u })
    await dialog.getByText('There is no way back: type 1f0c2a above.').waitFor()
    expect(await start.isDisabled()).toBe(true)
    await dialog.getByLabel('Type 1f0c2a to say that you mean it').fill('1f0c2a')
    await expect.poll(() => start.isEnabled(), patience).toBe(true)
    await close()
  })

  test('what runs moves by itself, and canceling shows what will be undone', async () => {
    const { page, complaints, close } = await open('/runs/run-6')
    const bar = page.getByRole('img', { name: / % of this step$/u })
    const before = await bar.getAttribute('aria-label')
    await expect.poll(() => bar.getAttribute('aria-label'), patience).not.toBe(before)
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Removes the hidden file', { exact: false }).waitFor()
    await dialog.getByRole('button', { name: 'Cancel the run' }).click()
    await state(page, 'canceled')
    const alert = page.getByRole('alert')
    await alert.getByText('everything is as it was before', { exact: false }).waitFor()
    await alert.getByRole('button', { name: 'Resume' }).click()
    await state(page, 'running')
    expect(complaints).toEqual([])
    await close()
  })

  test('a run that waits for a host says so, in the list and on its page', async () => {
    const { page, url, close } = await open('/runs?state=open')
    await page
      .getByRole('row', { name: /Check mail01/u })
      .getByText('waits for south')
      .waitFor()
    await page.goto(`${url}/runs/run-7`)
    await page.getByRole('status').getByText('It waits for the agent on south', { exact: false }).waitFor()
    await state(page, 'waits for south')
    expect(await page.getByRole('button', { name: 'Cancel', exact: true }).isVisible()).toBe(true)
    await close()
  })

  test('what failed is resumed; what could not be undone is named and tried again', async () => {
    const { page, url, close } = await open('/runs/run-2')
    const alert = page.getByRole('alert')
    await alert.getByText('18.1 GiB are needed and 7.00 GiB are free').waitFor()
    await alert.getByText('Free space there, or choose another library.').waitFor()
    await alert.getByRole('button', { name: 'Resume' }).click()
    await state(page, 'running')
    await page.getByText('attempt 2', { exact: false }).first().waitFor()
    await page.goto(`${url}/runs/run-5`)
    await alert.getByText('Input/output error', { exact: false }).waitFor()
    await alert.getByRole('button', { name: 'Undo again…' }).click()
    await page.getByRole('button', { name: 'Undo the run' }).click()
    await state(page, 'undone')
    await page.getByRole('button', { name: 'Clear from the list' }).click()
    await page.getByText('10 of 10').waitFor()
    await close()
  })

  test('the list keeps its filters in the URL; links of before still lead there', async () => {
    const { page, url, complaints, close } = await open('/migrations?state=active&format=qcow2')
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor()
    expect(page.url()).toBe(`${url}/runs?q=qcow2&state=open&operation=migrate`)
    await page.getByText('1 of 11').waitFor()
    await page.getByLabel('Operation').selectOption('')
    await page.getByLabel('State').selectOption('failed')
    await page.getByLabel('Search runs').fill('wiki18')
    await page.waitForURL(/q=wiki18/u)
    await page.getByText('1 of 11').waitFor()
    await page.getByRole('link', { name: /^Clone wiki18/u }).click()
    await page.getByRole('heading', { level: 1, name: /^Clone wiki18/u }).waitFor()
    await page.goBack()
    await page.getByText('1 of 11').waitFor()
    await page.goto(`${url}/runs`)
    await page.getByRole('button', { name: 'Clear failed and canceled' }).click()
    await page.getByText('7 of 7').waitFor()
    expect(complaints).toEqual([])
    await close()
  })

  test('the palette acts on a run and on an image', async () => {
    const { page, url, close } = await open('/runs/run-3')
    await page.getByRole('heading', { level: 1 }).waitFor()
    const choose = async (words: string, row: string) => {
      await page.keyboard.press('Control+k')
      await page.getByPlaceholder('Go to a host', { exact: false }).fill(words)
      await page.getByRole('option', { name: row }).waitFor()
      await page.keyboard.press('Enter')
    }
    await choose('undo this', 'Undo this run…')
    await page.getByRole('dialog').getByText('This will happen', { exact: false }).waitFor()
    await page.goto(`${url}/images/image-6`)
    await page.getByText('what the guest sees', { exact: false }).waitFor()
    await choose('quarantine', 'Delete this image…')
    await page.getByRole('dialog').getByText('What will happen').waitFor()
    await close()
  })

  test('a batch is a run each: planned in turn, what cannot be taken stays', async () => {
    const images = encodeURIComponent(
      JSON.stringify(['image-6', 'image-3', 'image-9', 'image-13', 'image-21']),
    )
    const { page, complaints, close } = await open(`/images?do=delete&images=${images}`)
    const dialog = page.getByRole('dialog')
    const rows = dialog.getByRole('row')
    await expect.poll(() => rows.count(), patience).toBe(6)
    await dialog
      .getByText(/into quarantine/u)
      .first()
      .waitFor()
    await dialog.getByText('1 kind of warning still to accept.').waitFor()
    await dialog.getByRole('checkbox').check()
    const start = dialog.getByRole('button', { name: /^Delete \d( of 5)? images/u })
    await expect.poll(() => start.isEnabled(), patience).toBe(true)
    await start.click()
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor()
    await page.getByText('16 of 16').waitFor()
    expect(complaints).toEqual([])
    await close()
  })

  test('what is not possible is there with its reason, for every reader', async () => {
    const { page, close } = await open('/images/image-0', 390)
    const button = page.getByRole('button', { name: /^Delete…/u })
    await button.waitFor()
    expect(await button.getAttribute('aria-disabled')).toBe('true')
    expect(await button.textContent()).toContain('web01-test.qcow2 cannot be read without it')
    await button.click({ force: true })
    expect(new URL(page.url()).search).toBe('')
    expect(await findBarriers(page)).toEqual([])
    await close()
  })
})
