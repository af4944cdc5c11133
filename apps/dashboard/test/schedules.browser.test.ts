import { requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findBarriers, patience, setStage, type Stage } from './browser.ts'

describe.skipIf(!requires('chromium'))('schedules', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('the schedule of a library is told, changed, removed and set again', async () => {
    const controller = await stage.controller()
    const { page, complaints } = await stage.open(`${controller.url}/hosts/north`)
    const libraries = page.getByRole('region', { name: 'Libraries' })
    const line = libraries.getByText('Verified every 30 days, from 22:00 to 06:00', { exact: false })
    await line.waitFor()
    const images = libraries.getByRole('listitem').filter({ hasText: 'Verified every 30 days' })
    await expect
      .poll(() => images.textContent(), patience)
      .toMatch(/last 2 days ago · next in 4 hours · 3 without manifest · 1 changed/u)
    const changed = images.getByRole('link', { name: '1 changed' })
    expect(await changed.getAttribute('href')).toMatch(/problem=content-changed/u)

    await libraries.getByRole('button', { name: 'Change the schedule of images' }).click()
    const form = libraries.getByRole('form', { name: 'Schedule of images' })
    const save = form.getByRole('button', { name: 'Save' })
    await form.getByLabel('Every').fill('400')
    await form.getByText('from 1 hour to 365 days').waitFor()
    expect(await save.isDisabled()).toBe(true)
    await form.getByLabel('Every').fill('12')
    await form.getByLabel('Unit').selectOption('hours')
    await form.getByLabel('Begin from').fill('')
    await form.getByText('two times that differ', { exact: false }).waitFor()
    await form.getByLabel('to (Europe/Berlin)').fill('')
    expect(await findBarriers(page)).toEqual([])
    await save.click()
    await libraries.getByText('Verified every 12 hours', { exact: false }).waitFor()

    await libraries.getByRole('button', { name: 'Change the schedule of images' }).click()
    await form.getByLabel('On').uncheck()
    await save.click()
    await libraries.getByText('Off: verified every 12 hours', { exact: false }).waitFor()

    await libraries.getByRole('button', { name: 'Change the schedule of images' }).click()
    await form.getByRole('button', { name: 'Remove' }).click()
    await libraries.getByRole('button', { name: 'Set the schedule of images' }).click()
    await form.getByLabel('Every').fill('7')
    await page.keyboard.press('Enter')
    await libraries.getByText('Verified every 7 days', { exact: false }).waitFor()
    await libraries.getByText('looking for manifests', { exact: false }).waitFor()
    expect(complaints).toEqual([])
    await page.close()
    await controller.close()
  })

  test('what another window sets is shown here', async () => {
    const controller = await stage.controller()
    const { page } = await stage.open(`${controller.url}/hosts/north`)
    const other = (await stage.open(`${controller.url}/hosts/north`)).page
    await page.getByText('Verified every 30 days', { exact: false }).waitFor()
    await other.getByRole('button', { name: 'Set the schedule of iso' }).click()
    await other.getByRole('form').getByLabel('Every').fill('90')
    await other.keyboard.press('Enter')
    await page.getByText('Verified every 90 days', { exact: false }).waitFor()
    await Promise.all([page.close(), other.close()])
    await controller.close()
  })
})
