import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ownAccessFolder } from '@varve/trust/own-folders'
import Provider, { type Configuration } from 'oidc-provider'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestController } from '../testing/start-test-controller.ts'

const clientSecret = 'a secret between the provider and this controller'
/** Who is in which groups at the provider. */
const groupsOf = new Map<string, string[]>()

/** Where cookies of each site are kept, as a browser does. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()

  /** Follows nothing by itself. */
  async ask(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url)
    const jar = this.#cookies.get(host) ?? new Map<string, string>()
    this.#cookies.set(host, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie !== '' && { cookie }) }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';', 1)
      const at = pair.indexOf('=')
      if (/max-age=0|expires=thu, 01 jan 1970/iu.test(line)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  /** Goes on until there is a page; gives its address and text. */
  async follow(url: string): Promise<{ url: string; text: string; status: number }> {
    let at = url
    for (let hop = 0; hop < 10; hop++) {
      const response = await this.ask(at)
      const location = response.headers.get('location')
      if (location === null) return { url: at, text: await response.text(), status: response.status }
      at = new URL(location, at).href
      if (at.startsWith(controller.url) && !at.includes('/api/')) return { url: at, text: '', status: 302 }
    }
    throw new Error('it leads nowhere')
  }
}

let idp: Server
let controller: Awaited<ReturnType<typeof startTestController>>

async function startProvider(groupsIn: 'token' | 'asked'): Promise<string> {
  idp = createServer((request, response) => void handle(request, response))
  idp.listen(0, '127.0.0.1')
  await once(idp, 'listening')
  const issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`
  let handle: ReturnType<Provider['callback']> = async () => {}
  started = (redirect) => {
    const configuration: Configuration = {
      clients: [
        {
          client_id: 'varve',
          client_secret: clientSecret,
          redirect_uris: [redirect],
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      cookies: { keys: ['provider'] },
      scopes: ['openid', 'profile', 'email', 'groups'],
      claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email'], groups: ['groups'] },
      conformIdTokenClaims: groupsIn === 'asked',
      pkce: { required: () => true },
      findAccount: async (_ctx, id) => ({
        accountId: id,
        claims: async () => ({
          sub: id,
          preferred_username: id,
          email: `${id}@example.org`,
          groups: groupsOf.get(id) ?? [],
        }),
      }),
    }
    handle = new Provider(issuer, configuration).callback()
  }
  return issuer
}

let started: (redirect: string) => void = () => {}

async function setUp(groupsIn: 'token' | 'asked'): Promise<void> {
  const issuer = await startProvider(groupsIn)
  controller = await startTestController({
    signIn: true,
    accessFolder: ownAccessFolder(process.env),
    singleSignOn: {
      name: 'Company',
      issuer,
      clientId: 'varve',
      clientSecret,
      groupsClaim: 'groups',
      groups: [
        { group: 'vm-admins', role: 'admin' },
        { group: 'staff', role: 'viewer' },
      ],
      scopes: ['openid', 'profile', 'email', 'groups'],
    },
  })
  started(`${controller.url}/api/auth/callback/single-sign-on`)
}

/** As a person does it: the button, the provider's page, consent, back. */
async function signIn(browser: Browser, name: string): Promise<string> {
  const begun = await browser.ask(`${controller.url}/api/auth/sign-in/social`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ provider: 'single-sign-on', callbackURL: '/', errorCallbackURL: '/sign-in' }),
  })
  const { url } = (await begun.json()) as { url: string }
  let page = await browser.follow(url)
  for (const fields of [{ prompt: 'login', login: name, password: 'any' }, { prompt: 'consent' }]) {
    const action = /action="(?<action>[^"]+)"/u.exec(page.text)?.groups?.['action']
    if (action === undefined) break
    const posted = await browser.ask(new URL(action, page.url).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    })
    page = await browser.follow(new URL(posted.headers.get('location') ?? '', page.url).href)
  }
  return page.url
}

async function me(browser: Browser) {
  const answer = await browser.ask(`${controller.url}/trpc/account.me`)
  return ((await answer.json()) as { result: { data: { person: unknown } } }).result.data.person
}

beforeEach(() => groupsOf.clear())
afterEach(async () => {
  await controller[Symbol.asyncDispose]()
  idp.closeAllConnections()
  idp.close()
})

test.each(['token', 'asked'] as const)(
  'who signs in at the provider has the highest role of their groups (%s), each time anew',
  async (groupsIn) => {
    await setUp(groupsIn)
    groupsOf.set('ada', ['staff', 'vm-admins'])
    const ada = new Browser()
    expect(new URL(await signIn(ada, 'ada')).pathname).toBe('/')
    expect(await me(ada)).toMatchObject({ name: 'ada', role: 'admin' })
    groupsOf.set('ada', ['staff'])
    const again = new Browser()
    expect(await signIn(again, 'ada')).toBe(`${controller.url}/`)
    expect(await me(again)).toMatchObject({ name: 'ada', role: 'viewer' })
    expect(await me(ada)).toMatchObject({ role: 'viewer' })
  },
)

test('who is in none of the groups is not let in, and the page to sign in says so', async () => {
  await setUp('token')
  groupsOf.set('eve', ['guests'])
  const eve = new Browser()
  const { pathname, searchParams } = new URL(await signIn(eve, 'eve'))
  expect(pathname).toBe('/sign-in')
  expect(searchParams.get('error')).toBeTruthy()
  expect(await me(eve)).toBeNull()
})

test('somebody of the provider is never made one with a person of this controller', async () => {
  await setUp('token')
  await controller.client.people.add.mutate({ name: 'ada', role: 'admin' })
  groupsOf.set('ada', ['staff'])
  const other = new Browser()
  const { pathname, searchParams } = new URL(await signIn(other, 'ada'))
  expect([pathname, searchParams.get('error')]).toEqual(['/sign-in', 'name_taken'])
  expect(await me(other)).toBeNull()
  expect(await controller.client.people.list.query()).toMatchObject([{ name: 'ada', role: 'admin' }])
})

test('an answer that nobody here asked for signs nobody in', async () => {
  await setUp('token')
  groupsOf.set('ada', ['vm-admins'])
  const stranger = new Browser()
  const answer = await stranger.ask(
    `${controller.url}/api/auth/callback/single-sign-on?code=abc&state=made-up`,
  )
  expect(answer.status === 302 || answer.status >= 400).toBe(true)
  expect(await me(stranger)).toBeNull()
})
