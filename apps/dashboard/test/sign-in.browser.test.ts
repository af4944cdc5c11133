import { requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findInEveryLook } from './axe.ts'
import { findBarriers, patience } from './browser.ts'
import { password, setPeopleStage, signIn, totpOf, unexpected, type PeopleStage } from './people-stage.ts'

/** Pages outside the shell have no navigation. */
const ofDoors = ['there is no main navigation']

describe.skipIf(!requires('chromium'))('signing in, at a real controller', () => {
  let stage: PeopleStage
  beforeAll(async () => {
    stage = await setPeopleStage()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('nothing of the fleet is asked for before; then it is the page that was wanted, and live', async () => {
    await stage.person('ada', 'operator')
    const { page, complaints } = await stage.open('about:blank', { origin: '' })
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    page.on('websocket', (socket) => asked.push(new URL(socket.url()).pathname))
    await page.goto(`${stage.url}/images?q=web`)
    await page.waitForURL(`${stage.url}/sign-in?next=%2Fimages%3Fq%3Dweb`)
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    expect(await findBarriers(page)).toEqual(ofDoors)
    expect(await findInEveryLook(page)).toEqual([])
    await signIn(page, 'ada', 'not the password')
    await page.getByRole('alert').getByText('The name or the password is wrong.').waitFor()
    expect([...new Set(asked.filter((path) => path.startsWith('/trpc')))]).toEqual(['/trpc/account.me'])
    // As somebody types it on a telephone.
    await signIn(page, 'Ada ')
    await page.waitForURL(`${stage.url}/images?q=web`)
    await page.getByRole('link', { name: 'ada operator' }).waitFor()
    await page.getByText('no hosts yet').waitFor({ state: 'attached' })
    await expect.poll(() => asked.includes('/trpc'), patience).toBe(true)
    expect(await page.getByRole('link', { name: 'People' }).count()).toBe(0)
    expect(unexpected(complaints)).toEqual([])
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(`${stage.url}/sign-in`)
    await page.goto(`${stage.url}/hosts`)
    await page.waitForURL(`${stage.url}/sign-in?next=%2Fhosts`)
    await page.close()
  })

  test('it leads to no other site afterwards', async () => {
    await stage.person('mallory', 'viewer')
    const { page } = await stage.open(`/sign-in?next=${encodeURIComponent('//evil.example/')}`)
    await signIn(page, 'mallory')
    await page.getByRole('link', { name: 'mallory viewer' }).waitFor()
    expect(page.url()).toBe(`${stage.url}/`)
    await page.close()
  })

  test('a link signs in once, is gone from the address bar, and leads to a password', async () => {
    const { url: link } = await stage.admin.people.add.mutate({ name: 'grace', role: 'viewer' })
    expect(link).toMatch(new RegExp(`^${stage.url}/sign-in#`, 'u'))
    const { page, complaints } = await stage.open(link, { origin: '' })
    await page.getByRole('heading', { level: 1, name: 'Welcome, grace' }).waitFor()
    expect(page.url()).toBe(`${stage.url}/sign-in`)
    expect(await findBarriers(page)).toEqual(ofDoors)
    expect(await findInEveryLook(page)).toEqual([])
    await page.getByLabel('New password').fill('short')
    await page.getByRole('button', { name: 'Set a password' }).click()
    await page.getByText('It has 5 of 10 characters').waitFor()
    await page.getByLabel('New password').fill(password)
    await page.getByRole('button', { name: 'Set a password' }).click()
    await page.waitForURL(`${stage.url}/`)
    await page.getByRole('link', { name: 'grace viewer' }).waitFor()
    expect(complaints).toEqual([])
    await page.close()

    const again = await stage.open(link, { origin: '' })
    await again.page.getByRole('alert').getByText('This link does not sign in any more.').waitFor()
    expect(again.page.url()).toBe(`${stage.url}/sign-in`)
    await signIn(again.page, 'grace')
    await again.page.waitForURL(`${stage.url}/`)
    await again.page.close()
  })

  test('what a link offers may be left for later', async () => {
    const { url: link } = await stage.admin.people.add.mutate({ name: 'later', role: 'viewer' })
    const { page } = await stage.open(link, { origin: '' })
    await page.getByRole('button', { name: 'Later' }).click()
    await page.waitForURL(`${stage.url}/`)
    await page.getByRole('link', { name: 'later viewer' }).waitFor()
    await page.close()
  })

  test('codes are turned on with a QR code, asked for, and stand in for by backup codes', async () => {
    await stage.person('cody', 'operator')
    const { page, complaints } = await stage.openAs('cody', '/account')
    const card = page.getByRole('region', { name: 'One-time codes' })
    await card.getByRole('button', { name: 'Turn on…' }).click()
    await card.getByLabel('Your password, once more').fill('not the password')
    await card.getByRole('button', { name: 'Go on' }).click()
    await card.getByText('The password is wrong.').waitFor()
    await card.getByLabel('Your password, once more').fill(password)
    await card.getByRole('button', { name: 'Go on' }).click()
    await card.getByRole('img', { name: /^The secret of your codes/u }).waitFor()
    expect(await findInEveryLook(page)).toEqual([])
    const secret = (await card.getByText(/^(?:[A-Z2-7]{1,4} ?){4,}$/u).textContent()) ?? ''
    await card.getByLabel('Code that the app shows now').fill('000000')
    await card.getByRole('button', { name: 'Turn on', exact: true }).click()
    await card.getByText('The code is not right.').waitFor()
    // Each code is taken once, and the one before is good for a while: the next is for the sign-in.
    await card.getByLabel('Code that the app shows now').fill(totpOf(secret, Date.now() - 30_000))
    await card.getByRole('button', { name: 'Turn on', exact: true }).click()
    await card.getByText('Keep these backup codes').waitFor()
    const codes = await card
      .getByRole('list', { name: 'Backup codes' })
      .getByRole('listitem')
      .allTextContents()
    expect(codes.length).toBeGreaterThanOrEqual(8)
    await card.getByRole('button', { name: 'I have kept them' }).click()
    await card.getByText('on', { exact: true }).waitFor()

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(`${stage.url}/sign-in`)
    await signIn(page, 'cody')
    await page.getByRole('heading', { level: 1, name: 'One more step' }).waitFor()
    expect(await findBarriers(page)).toEqual(ofDoors)
    expect(await findInEveryLook(page)).toEqual([])
    await page.getByLabel('Code from your app').fill('000000')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('alert').getByText('The code is not right.').waitFor()
    await page.getByLabel('Code from your app').fill(totpOf(secret))
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(`${stage.url}/`)

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(`${stage.url}/sign-in`)
    await signIn(page, 'cody')
    await page.getByRole('button', { name: 'Use a backup code' }).click()
    await page.getByLabel('Backup code', { exact: true }).fill(codes[0] ?? '')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(`${stage.url}/`)
    expect(unexpected(complaints)).toEqual([])
    await page.close()
  })

  test('who guesses is told to wait; without a controller that is said too', async () => {
    await stage.person('luca', 'viewer')
    const { page } = await stage.open('/sign-in')
    const refusal = page.getByRole('alert')
    const tryIn = async (secret: string) => {
      const answered = page.waitForResponse(/sign-in\/username/u)
      await signIn(page, 'luca', secret)
      return (await answered).status()
    }
    expect(await tryIn('wrong password')).toBe(401)
    await refusal.getByText('The name or the password is wrong.').waitFor()
    // Each wait is twice the one before: on a slow machine the first may be over before it is noticed.
    let status = 401
    for (let tries = 0; status === 401 && tries < 12; tries += 1) status = await tryIn('wrong password')
    expect(status).toBe(429)
    await refusal.getByText(/nobody is let in from here for (?:one second|\d+ seconds)/u).waitFor()
    await page.route(/\/api\/auth\//u, (route) => route.abort())
    await signIn(page, 'luca')
    await refusal.getByText('The controller did not answer.').waitFor()
    await page.unroute(/\/api\/auth\//u)
    await expect
      .poll(
        async () => {
          await page
            .getByRole('button', { name: 'Sign in', exact: true })
            .click({ timeout: 1000 })
            .catch(() => null)
          return page.url()
        },
        { ...patience, interval: 1000 },
      )
      .toBe(`${stage.url}/`)
    await page.close()
  })

  test('a passkey is added, signs in, and is removed', async () => {
    await stage.person('pia', 'operator')
    const origin = stage.url.replace('127.0.0.1', 'localhost')
    const { page, complaints } = await stage.open('/sign-in?next=%2Faccount', { origin })
    const wire = await page.context().newCDPSession(page)
    await wire.send('WebAuthn.enable')
    await wire.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await signIn(page, 'pia')
    const card = page.getByRole('region', { name: 'Passkeys' })
    await card.getByLabel('Name of the passkey').fill('Laptop')
    await card.getByRole('button', { name: 'Add a passkey' }).click()
    await card.getByRole('list', { name: 'Your passkeys' }).getByText('Laptop').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(`${origin}/sign-in`)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.waitForURL(`${origin}/`)
    await page.getByRole('link', { name: 'pia operator' }).click()
    await card.getByRole('button', { name: 'Remove…' }).click()
    await card.getByRole('button', { name: 'Remove this passkey' }).click()
    await expect.poll(() => card.getByRole('list').count(), patience).toBe(0)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(`${origin}/sign-in`)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByRole('alert').getByText('The passkey was not taken.').waitFor()
    expect(unexpected(complaints)).toEqual([])
    await page.close()
  })

  test('a command is let in, or kept out, by the code that it shows', async () => {
    await stage.person('dora', 'viewer')
    const ask = async (path: string, body: object) => {
      const answer = await fetch(`${stage.url}/api/auth${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return { status: answer.status, body: (await answer.json()) as Record<string, string> }
    }
    const token = (code: string | undefined) =>
      ask('/device/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: code,
        client_id: 'varve',
      })
    const { body: asked } = await ask('/device/code', { client_id: 'varve' })
    const { page } = await stage.open(`/device?user_code=${asked['user_code']}`)
    await signIn(page, 'dora')
    await page.getByText('Compare this with what the terminal shows.').waitFor()
    expect(await findBarriers(page)).toEqual(ofDoors)
    expect(await findInEveryLook(page)).toEqual([])
    await page.getByRole('button', { name: 'Let it in' }).click()
    await page.getByText('It is let in').waitFor()
    expect(await findInEveryLook(page)).toEqual([])
    expect(await token(asked['device_code'])).toMatchObject({ status: 200 })

    const { body: other } = await ask('/device/code', { client_id: 'varve' })
    await page.goto(`${stage.url}/device`)
    await page.getByLabel('Code', { exact: true }).fill('WRONGCODE')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('alert').getByText('There is no such code.').waitFor()
    await page.getByLabel('Code', { exact: true }).fill(` ${(other['user_code'] ?? '').toLowerCase()} `)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('button', { name: 'Keep it out' }).click()
    await page.getByText('It is kept out.').waitFor()
    expect(await token(other['device_code'])).toMatchObject({ body: { error: 'access_denied' } })
    await page.close()
  })
})
