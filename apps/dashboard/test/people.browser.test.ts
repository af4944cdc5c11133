import { requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findInEveryLook } from './axe.ts'
import { findBarriers, patience, setStage } from './browser.ts'
import { clientWith, password, setPeopleStage, signIn, unexpected, type PeopleStage } from './people-stage.ts'

describe.skipIf(!requires('chromium'))('people and their accounts, at a real controller', () => {
  let stage: PeopleStage
  beforeAll(async () => {
    stage = await setPeopleStage()
    await stage.person('ada', 'admin')
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('an admin adds somebody, changes what they may, keeps them out, lets them in, and removes them', async () => {
    const { page, complaints } = await stage.openAs('ada', '/people')
    const adding = page.getByRole('region', { name: 'Add somebody' })
    await adding.getByLabel('Name', { exact: true }).fill('Grace Hopper')
    await adding.getByRole('button', { name: 'Add, and make a link' }).click()
    await adding
      .getByRole('alert')
      .getByText(/a name has lower-case letters/u)
      .waitFor()
    await adding.getByLabel('Name', { exact: true }).fill('grace')
    await adding.getByLabel('Role').selectOption('operator')
    await adding.getByLabel('Where', { exact: true }).selectOption('some')
    await adding.getByLabel('Hosts').fill('north, web-*')
    await adding.getByLabel('Operations').fill('convert')
    await adding.getByRole('button', { name: 'Add, and make a link' }).click()
    const link = (await adding.getByText(/^http.*\/sign-in#/u).textContent()) ?? ''
    await adding.getByText('it signs in once, until').waitFor()
    const row = page.getByRole('list', { name: 'People' }).getByRole('listitem').filter({ hasText: 'grace' })
    await row.getByText('convert on north and web-*').waitFor()
    await row.getByText('has not signed in yet').waitFor()
    expect(await findBarriers(page)).toEqual([])
    expect(await findInEveryLook(page)).toEqual([])

    await row.getByRole('button', { name: 'Change grace' }).click()
    await row.getByRole('button', { name: 'Add another line' }).click()
    await row.getByLabel('Hosts of line 2').fill('south')
    await row.getByRole('button', { name: 'Save' }).click()
    await row.getByText('every operation on south').waitFor()

    const grace = await stage.open(link, { origin: '' })
    await grace.page.getByRole('button', { name: 'Later' }).click()
    await grace.page.getByRole('link', { name: 'grace operator' }).waitFor()
    expect(await grace.page.getByRole('link', { name: 'People' }).count()).toBe(0)
    await grace.page.goto(`${stage.url}/people`)
    await grace.page.getByRole('heading', { level: 2, name: 'For admins' }).waitFor()

    await page.reload()
    await row.getByText('nothing but a link to sign in with').waitFor()
    await row.getByRole('button', { name: 'Keep out grace' }).click()
    await row.getByText('kept out', { exact: true }).waitFor()
    // At once, without anything being pressed there.
    await grace.page.waitForURL(/\/sign-in\?next=%2Fpeople$/u)
    await row.getByRole('button', { name: 'Let in again grace' }).click()
    await row.getByRole('button', { name: 'New link for grace' }).click()
    await row.getByRole('checkbox', { name: /^Forget what they had/u }).check()
    await row.getByRole('button', { name: 'Forget, and make a link' }).click()
    const anew = (await row.getByText(/^http.*\/sign-in#/u).textContent()) ?? ''
    expect(anew).not.toBe(link)
    await grace.page.goto(anew)
    await grace.page.getByRole('heading', { level: 1, name: 'Welcome, grace' }).waitFor()

    await row.getByRole('button', { name: 'Remove grace' }).click()
    await row.getByRole('button', { name: 'Remove grace for good' }).click()
    await expect.poll(() => row.count(), patience).toBe(0)
    await page.getByRole('list', { name: 'Sessions of everybody' }).getByText('this one').waitFor()
    expect(unexpected(complaints).filter((one) => !/\/trpc\/people\.add/u.test(one))).toEqual([])
    await grace.page.close()
    await page.close()
  })

  test('the last admin stays, and is told why', async () => {
    const { page } = await stage.openAs('ada', '/people')
    const row = page.getByRole('list', { name: 'People' }).getByRole('listitem').filter({ hasText: 'you' })
    expect(await row.getByRole('button', { name: 'Remove ada' }).isDisabled()).toBe(true)
    await row.getByRole('button', { name: 'Change ada' }).click()
    await row.getByLabel('Role').selectOption('viewer')
    await row.getByRole('button', { name: 'Save' }).click()
    await row
      .getByRole('alert')
      .getByText(/the last admin would be gone/u)
      .waitFor()
    await page.close()
  })

  test('a password is changed with the one before, and other browsers are signed out by it', async () => {
    await stage.person('paul', 'viewer')
    const { page, complaints } = await stage.openAs('paul', '/account')
    const other = await stage.openAs('paul', '/hosts')
    const card = page.getByRole('region', { name: 'Password', exact: true })
    await card.getByLabel('Password now').fill('not the password')
    await card.getByLabel('New password').fill('another horse')
    await card.getByRole('button', { name: 'Change the password' }).click()
    await card
      .getByRole('alert')
      .getByText(/the current one is another/u)
      .waitFor()
    await card.getByLabel('Password now').fill(password)
    await card.getByRole('button', { name: 'Change the password' }).click()
    await page.getByText('Password changed').waitFor()
    await other.page.waitForURL(/\/sign-in\?next=%2Fhosts$/u)
    await signIn(other.page, 'paul', 'another horse')
    await other.page.waitForURL(`${stage.url}/hosts`)
    expect(unexpected(complaints).filter((one) => !/\/trpc\/account\.setPassword/u.test(one))).toEqual([])
    await other.page.close()
    await page.close()
  })

  test('sessions are seen and ended, one or all others', async () => {
    await stage.person('sara', 'viewer')
    const first = await stage.openAs('sara', '/hosts')
    const second = await stage.openAs('sara', '/images')
    const { page } = await stage.openAs('sara', '/account')
    const card = page.getByRole('region', { name: 'Where you are signed in' })
    const rows = card.getByRole('list', { name: 'Your sessions' }).getByRole('listitem')
    await expect.poll(() => rows.count(), patience).toBe(3)
    expect(await rows.filter({ hasText: 'this one' }).count()).toBe(1)
    expect(await findBarriers(page)).toEqual([])
    expect(await findInEveryLook(page)).toEqual([])
    await card.getByRole('button', { name: 'End all others' }).click()
    await expect.poll(() => rows.count(), patience).toBe(1)
    await first.page.waitForURL(/\/sign-in\?next=%2Fhosts$/u)
    await second.page.waitForURL(/\/sign-in\?next=%2Fimages$/u)
    await rows.getByRole('button', { name: /^End the session/u }).click()
    await page.waitForURL(/\/sign-in\?next=%2Faccount$/u)
    for (const visit of [first, second, { page }]) await visit.page.close()
  })

  test('a key is shown once, does no more than it was made for, and is revoked', async () => {
    await stage.person('kay', 'operator')
    const { page, complaints } = await stage.openAs('kay', '/account')
    const card = page.getByRole('region', { name: 'API keys' })
    await card.getByRole('button', { name: 'Make a key…' }).click()
    await card.getByLabel('Name of the key').fill('nightly checks')
    expect(await card.getByLabel('Role').getByRole('option').allTextContents()).toEqual([
      expect.stringContaining('Viewer'),
      expect.stringContaining('Operator'),
    ])
    await card.getByRole('button', { name: 'Make the key' }).click()
    const text =
      (await card
        .getByText(/^varve_\w+/u)
        .first()
        .textContent()) ?? ''
    expect(await findInEveryLook(page)).toEqual([])
    const api = clientWith(stage.url, { authorization: `Bearer ${text}` })
    expect((await api.account.me.query()).person).toMatchObject({ name: 'kay', role: 'viewer' })
    await page.reload()
    const row = card.getByRole('list', { name: 'Your keys' }).getByRole('listitem')
    await row.getByText('nightly checks').waitFor()
    expect(await page.getByText(text).count()).toBe(0)

    const admin = await stage.openAs('ada', '/people')
    const all = admin.page.getByRole('list', { name: 'Keys of everybody' })
    await all.getByText('of kay').waitFor()
    await all.getByRole('button', { name: 'Revoke…' }).click()
    await all.getByRole('button', { name: 'Revoke nightly checks' }).click()
    await admin.page.getByText('Nobody has made one.').waitFor()
    await expect(api.fleet.info.query()).rejects.toThrow(/Sign in first/u)
    expect(unexpected(complaints)).toEqual([])
    await admin.page.close()
    await page.close()
  })
})

describe.skipIf(!requires('chromium'))('what may not be done, with invented images', () => {
  test('a viewer sees every action with the reason why it is not theirs', async () => {
    await using stage = await setStage()
    const { url } = await stage.controller()
    const { page, complaints } = await stage.open('about:blank')
    await page.route(/\/trpc\/[^?]*account\.me/u, async (route) => {
      const answer = await route.fetch()
      const body = (await answer.text()).replace('"role":"admin"', '"role":"viewer"')
      await route.fulfill({ status: 200, contentType: 'application/json', body })
    })
    await page.goto(`${url}/images/image-0`)
    const action = page.getByRole('button', { name: /^Clone…/u })
    await action.getByText('A viewer only looks: this takes an operator').waitFor()
    expect(await page.getByRole('button', { name: 'Migrate…' }).isDisabled()).toBe(true)
    expect(await page.getByRole('button', { name: 'Take proof' }).getAttribute('title')).toMatch(/^A viewer/u)
    expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0)
    await page.goto(`${url}/settings`)
    expect(await page.getByRole('button', { name: 'Revoke…' }).first().isDisabled()).toBe(true)
    expect(complaints).toEqual([])
    await page.close()
  })
})
