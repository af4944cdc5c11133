import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { createTRPCClient, createWSClient, httpBatchLink, wsLink } from '@trpc/client'
import Database from 'better-sqlite3'
import { WebSocket as Socket } from 'ws'
import { findLocalAccess } from '@varve/trust/local-access'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AppRouter } from '../router/root.ts'
import { startTestController } from '../testing/start-test-controller.ts'
import { tempPlace } from '@varve/test-kit/temp-place'

let place: Awaited<ReturnType<typeof tempPlace>>
let controller: Awaited<ReturnType<typeof startTestController>>
let url = ''

beforeEach(async () => {
  place = await tempPlace()
  controller = await startTestController({
    signIn: true,
    data: place.file('data'),
    accessFolder: place.file('access'),
  })
  ;({ url } = controller)
})

afterEach(async () => {
  await controller[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

/** A browser, or a program with a key: what it was given last is what it shows. */
class Visitor {
  #cookies = new Map<string, string>()
  authorization: string | null = null

  get headers(): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return {
      ...(cookie !== '' && { cookie }),
      ...(this.authorization !== null && { authorization: this.authorization }),
    }
  }

  get api() {
    return createTRPCClient<AppRouter>({
      links: [httpBatchLink({ url: `${url}/trpc`, headers: () => this.headers })],
    })
  }

  get setCookies(): string[] {
    return [...this.#cookies].map(([name]) => name)
  }

  async ask(
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown>; cookies: string[] }> {
    const answer = await fetch(`${url}/api/auth${path}`, {
      redirect: 'manual',
      headers: { ...this.headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
    const cookies = answer.headers.getSetCookie()
    for (const cookie of cookies) {
      const [pair = ''] = cookie.split(';', 1)
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      if (value === '' || /max-age=0/iu.test(cookie)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text), cookies }
  }

  async me() {
    return (await this.api.account.me.query()).person
  }
}

function starter(): Visitor {
  const visitor = new Visitor()
  const access = findLocalAccess(url, place.file('access'))
  if (access === null) throw new Error('no access file')
  visitor.authorization = `Bearer ${access.key}`
  return visitor
}

function tokenOf(link: { readonly url: string }): string {
  return new URL(link.url).hash.slice(1)
}

async function newPerson(name: string, role: 'viewer' | 'operator' | 'admin', password = 'a good password') {
  const link = await starter().api.people.add.mutate({ name, role })
  const visitor = new Visitor()
  expect(await visitor.ask('/sign-in/link', { token: tokenOf(link) })).toMatchObject({ status: 200 })
  await visitor.api.account.setPassword.mutate({ newPassword: password })
  return visitor
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => 'answered',
    (error: unknown) => (error as { data?: { code?: string } }).data?.code ?? String(error),
  )
}

describe('before anybody has signed in', () => {
  test('nothing of the fleet is answered, on this machine too', async () => {
    const stranger = new Visitor()
    expect(await stranger.me()).toBeNull()
    expect(await codeOf(stranger.api.images.list.query({}))).toBe('UNAUTHORIZED')
    expect(await codeOf(stranger.api.trust.makeToken.mutate({}))).toBe('UNAUTHORIZED')
    expect((await fetch(`${url}/api/manifests/${'ab'.repeat(32)}`)).status).toBe(401)
    expect((await fetch(`${url}/api/images/x/file`)).status).toBe(401)
    expect((await fetch(`${url}/api/streams/x/fetch`, { method: 'POST' })).status).toBe(403)
    expect((await fetch(`${url}/api/health`)).status).toBe(200)
  })

  test('an agent that shows nothing is not one, whatever it is called', async () => {
    const hello = { name: 'north' } as never
    expect(await codeOf(new Visitor().api.agents.hello.mutate(hello))).toBe('UNAUTHORIZED')
  })

  test('who may read the controller’s file is let in; another key and a key from before are not', async () => {
    const path = place.file(`access/${new URL(url).port}.json`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await starter().me()).toMatchObject({ role: 'admin' })
    const stranger = new Visitor()
    stranger.authorization = `Bearer varve-local.${'A'.repeat(43)}`
    expect(await stranger.me()).toBeNull()
    const before = starter()
    await controller.restart()
    ;({ url } = controller)
    expect(await before.me()).toBeNull()
    expect(await starter().me()).toMatchObject({ role: 'admin' })
  })
})

describe('links', () => {
  test('one signs in once; what is kept of it lets nobody in', async () => {
    const link = await starter().api.people.add.mutate({ name: 'ada', role: 'operator' })
    const visitor = new Visitor()
    const { cookies } = await visitor.ask('/sign-in/link', { token: tokenOf(link) })
    expect(cookies.join()).toMatch(/HttpOnly/iu)
    expect(cookies.join()).toMatch(/SameSite=Strict/iu)
    expect(await visitor.me()).toMatchObject({ name: 'ada', role: 'operator', hasPassword: false })
    expect(await new Visitor().ask('/sign-in/link', { token: tokenOf(link) })).toMatchObject({ status: 401 })
    const kept = readFileSync(`${controller.config.data}/people.sqlite`)
    expect(kept.includes(tokenOf(link))).toBe(false)
  })

  test('a new one ends the one before; with forgetting, all they had is gone at once', async () => {
    const ada = await newPerson('ada', 'operator')
    const key = await ada.api.account.makeKey.mutate({ name: 'backup' })
    const first = await starter().api.people.link.mutate({ name: 'ada' })
    const second = await starter().api.people.link.mutate({ name: 'ada', forgets: true })
    expect(await ada.me()).toBeNull()
    const byKey = new Visitor()
    byKey.authorization = `Bearer ${key.text}`
    expect(await byKey.me()).toBeNull()
    expect(await new Visitor().ask('/sign-in/link', { token: tokenOf(first) })).toMatchObject({ status: 401 })
    const anew = new Visitor()
    expect(await anew.ask('/sign-in/link', { token: tokenOf(second) })).toMatchObject({ status: 200 })
    expect(await anew.me()).toMatchObject({ hasPassword: false })
  })
})

describe('passwords', () => {
  test('the right one signs in, names in any case; signing out ends it', async () => {
    await newPerson('ada', 'viewer')
    const visitor = new Visitor()
    const answer = await visitor.ask('/sign-in/username', { username: 'Ada', password: 'a good password' })
    expect(answer.status).toBe(200)
    expect(answer.body).not.toHaveProperty('token')
    expect(await visitor.me()).toMatchObject({ name: 'ada', role: 'viewer' })
    const shown = visitor.headers
    await visitor.ask('/sign-out', {})
    const thief = new Visitor()
    thief.authorization = null
    const again = await fetch(`${url}/trpc/account.me`, { headers: shown })
    expect(await again.json()).toMatchObject({ result: { data: { person: null } } })
  })

  test('guessing is slow, for names that are not there too, and the right one waits as well', async () => {
    await newPerson('ada', 'viewer')
    for (const username of ['ada', 'nobody']) {
      const statuses: number[] = []
      for (let tries = 0; tries < 7; tries++)
        statuses.push(
          (await new Visitor().ask('/sign-in/username', { username, password: 'wrong password' })).status,
        )
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
    }
    const right = await new Visitor().ask('/sign-in/username', {
      username: 'ada',
      password: 'a good password',
    })
    expect(right.status).toBe(429)
  })

  test('a change ends all other sign-ins, needs the current one, and is no business of a key', async () => {
    const ada = await newPerson('ada', 'operator')
    const other = new Visitor()
    await other.ask('/sign-in/username', { username: 'ada', password: 'a good password' })
    expect(await codeOf(ada.api.account.setPassword.mutate({ newPassword: 'another password' }))).toBe(
      'PRECONDITION_FAILED',
    )
    await ada.api.account.setPassword.mutate({
      currentPassword: 'a good password',
      newPassword: 'another password',
    })
    expect(await ada.me()).not.toBeNull()
    expect(await other.me()).toBeNull()
    const { text } = await ada.api.account.makeKey.mutate({ name: 'k', role: 'admin' })
    const byKey = new Visitor()
    byKey.authorization = `Bearer ${text}`
    expect(
      await codeOf(
        byKey.api.account.setPassword.mutate({
          currentPassword: 'another password',
          newPassword: 'x'.repeat(12),
        }),
      ),
    ).toBe('PRECONDITION_FAILED')
    expect(await codeOf(byKey.api.account.makeKey.mutate({ name: 'more' }))).toBe('PRECONDITION_FAILED')
  })

  test('nobody makes themselves an account, or changes what they may', async () => {
    const visitor = new Visitor()
    for (const path of [
      '/sign-up/email',
      '/update-user',
      '/admin/set-role',
      '/api-key/create',
      '/get-session',
    ])
      expect((await visitor.ask(path, { role: 'admin' })).status).toBe(404)
    const ada = await newPerson('ada', 'viewer')
    expect(await codeOf(ada.api.people.setGrant.mutate({ name: 'ada', role: 'admin' }))).toBe('FORBIDDEN')
  })
})

describe('keys', () => {
  test('are shown once, kept as a hash, bound to a role, and over when revoked', async () => {
    const ada = await newPerson('ada', 'admin')
    const { text, key } = await ada.api.account.makeKey.mutate({
      name: 'reports',
      role: 'viewer',
      validDays: 7,
    })
    const program = new Visitor()
    program.authorization = `Bearer ${text}`
    expect(await program.me()).toMatchObject({ name: 'ada', role: 'viewer' })
    expect(await codeOf(program.api.trust.rotate.mutate())).toBe('FORBIDDEN')
    const kept = readFileSync(`${controller.config.data}/people.sqlite`)
    expect(kept.includes(text)).toBe(false)
    expect(Date.parse(key.expiresAt ?? '') - Date.now()).toBeGreaterThan(6.9 * 86_400_000)
    const grace = await newPerson('grace', 'viewer')
    expect(await codeOf(grace.api.account.revokeKey.mutate({ id: key.id }))).toBe('NOT_FOUND')
    await ada.api.account.revokeKey.mutate({ id: key.id })
    expect(await program.me()).toBeNull()
  })

  test('one that is made up, cut off or changed is none', async () => {
    const ada = await newPerson('ada', 'admin')
    const { text } = await ada.api.account.makeKey.mutate({ name: 'reports' })
    for (const wrong of [
      text.slice(0, -1),
      `${text}x`,
      text.toUpperCase(),
      'varve_',
      `varve_${'a'.repeat(64)}`,
    ]) {
      const program = new Visitor()
      program.authorization = `Bearer ${wrong}`
      expect(await program.me()).toBeNull()
      expect(await codeOf(program.api.images.list.query({}))).toBe('UNAUTHORIZED')
    }
  })
})

describe('who is put out', () => {
  test('is out at once, by what they hold open too; the last admin stays', async () => {
    const ada = await newPerson('ada', 'admin')
    const grace = await newPerson('grace', 'operator')
    const socket = createWSClient({
      url: `${url.replace('http', 'ws')}/trpc`,
      retryDelayMs: () => 60_000,
      WebSocket: class extends WebSocket {
        constructor(address: string | URL) {
          super(address, { headers: grace.headers })
        }
      },
    })
    const live = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] })
    expect(await live.account.me.query()).toMatchObject({ person: { name: 'grace' } })
    const closed = new Promise((resolve) => socket.connection?.ws?.addEventListener('close', resolve))
    await ada.api.people.setDisabled.mutate({ name: 'grace', isDisabled: true })
    await closed
    await socket.close()
    expect(await grace.me()).toBeNull()
    expect(
      await new Visitor().ask('/sign-in/username', { username: 'grace', password: 'a good password' }),
    ).toMatchObject({ status: 403 })
    expect(await codeOf(ada.api.people.remove.mutate({ name: 'ada' }))).toBe('PRECONDITION_FAILED')
    expect(await codeOf(ada.api.people.setGrant.mutate({ name: 'ada', role: 'viewer' }))).toBe(
      'PRECONDITION_FAILED',
    )
    await ada.api.people.setDisabled.mutate({ name: 'grace', isDisabled: false })
    await ada.api.people.remove.mutate({ name: 'grace' })
    expect((await ada.api.people.list.query()).map(({ name }) => name)).toEqual(['ada'])
  })

  test('a session that an admin ends is over', async () => {
    const ada = await newPerson('ada', 'viewer')
    const [session] = await starter().api.people.sessions.query()
    expect(session).toMatchObject({ person: 'ada', kind: 'browser' })
    await starter().api.people.endSession.mutate({ id: session?.id ?? '' })
    expect(await ada.me()).toBeNull()
  })
})

describe('the command signs in by a browser', () => {
  async function begin() {
    const command = new Visitor()
    const { body } = await command.ask('/device/code', { client_id: 'varve' })
    const take = async () =>
      await command.ask('/device/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: body['device_code'],
        client_id: 'varve',
      })
    return { userCode: String(body['user_code']), take }
  }

  test('what a person approves is theirs, and no longer than they say', async () => {
    const ada = await newPerson('ada', 'operator')
    const { userCode, take } = await begin()
    expect(await take()).toMatchObject({ status: 400, body: { error: 'authorization_pending' } })
    await ada.ask(`/device?user_code=${userCode}`)
    expect(await ada.ask('/device/approve', { userCode })).toMatchObject({ status: 200 })
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const taken = await take()
    expect(taken.status).toBe(200)
    const command = new Visitor()
    command.authorization = `Bearer ${String(taken.body['access_token'])}`
    expect(await command.me()).toMatchObject({ name: 'ada', role: 'operator' })
    const [unsigned = ''] = String(taken.body['access_token']).split('.')
    const thief = new Visitor()
    thief.authorization = `Bearer ${unsigned}`
    expect(await thief.me()).toBeNull()
    expect((await take()).status).toBe(400)
  })

  test('nobody approves who has not signed in; what is denied is over', async () => {
    const { userCode, take } = await begin()
    expect((await new Visitor().ask('/device/approve', { userCode })).status).toBe(401)
    const ada = await newPerson('ada', 'operator')
    await ada.ask(`/device?user_code=${userCode}`)
    expect((await ada.ask('/device/deny', { userCode })).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect(await take()).toMatchObject({ status: 400, body: { error: 'access_denied' } })
  })
})

test('what people did and tried is in the audit log under their names', async () => {
  const ada = await newPerson('ada', 'admin')
  const grace = await newPerson('grace', 'viewer')
  await new Visitor().ask('/sign-in/username', { username: 'grace', password: 'wrong password' })
  await codeOf(grace.api.trust.rotate.mutate())
  await ada.api.people.setGrant.mutate({ name: 'grace', role: 'operator' })
  const { lines } = await ada.api.audit.list.query({})
  const told = lines.map(({ entry: { who, what, on, result } }) => [
    who.name ?? who.kind,
    what,
    on.join(),
    result?.state,
  ])
  expect(told).toContainEqual(['nobody', 'sign-in.username', 'person:grace', 'refused'])
  expect(told).toContainEqual(['grace', 'trust.rotate', '', 'refused'])
  expect(told).toContainEqual(['ada', 'people.setGrant', 'person:grace', 'ok'])
  expect(JSON.stringify(lines)).not.toContain('a good password')
})

/** The code of an app that was set up with this address, so many half minutes from now (RFC 6238). */
function codeIn(address: string, steps: number): string {
  const secret = new URL(address).searchParams.get('secret') ?? ''
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = Array.from(secret, (letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/gu) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const hash = createHmac('sha1', key).update(counter).digest()
  const at = (hash.at(-1) ?? 0) & 15
  return String((hash.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, '0')
}

describe('what holds once, for one person, for a time', () => {
  test('a code of an app lets somebody in once', async () => {
    const ada = await newPerson('ada', 'viewer')
    const enabled = await ada.ask('/two-factor/enable', { password: 'a good password' })
    const address = String(enabled.body['totpURI'])
    const signIn = async () => {
      const visitor = new Visitor()
      await visitor.ask('/sign-in/username', { username: 'ada', password: 'a good password' })
      return visitor
    }
    const before = codeIn(address, -1)
    expect(await ada.ask('/two-factor/verify-totp', { code: before })).toMatchObject({ status: 200 })
    const code = codeIn(address, 0)
    const [first, second, third] = [await signIn(), await signIn(), await signIn()]
    expect(await first.ask('/two-factor/verify-totp', { code })).toMatchObject({ status: 200 })
    expect(await first.me()).toMatchObject({ name: 'ada' })
    expect(await second.ask('/two-factor/verify-totp', { code })).toMatchObject({ status: 401 })
    expect(await third.ask('/two-factor/verify-totp', { code: before })).toMatchObject({ status: 401 })
    expect(await second.me()).toBeNull()
  })

  test('a connection ends with the time of the sign-in that it was opened by', async () => {
    const ada = await newPerson('ada', 'viewer')
    const database = new Database(place.file('data/people.sqlite'))
    const soon = Date.now() + 1500
    expect(database.prepare('UPDATE session SET expiresAt = ?').run(soon).changes).toBeGreaterThan(0)
    database.close()
    const socket = new Socket(`${url.replace('http', 'ws')}/trpc`, { headers: ada.headers })
    await once(socket, 'open')
    await once(socket, 'close')
    expect(Date.now()).toBeGreaterThanOrEqual(soon)
    expect(Date.now()).toBeLessThan(soon + 2000)
    expect(await ada.me()).toBeNull()
  })

  test('rights name operations that there are', async () => {
    const rights = (operations: string[]) => [{ hosts: null, libraries: null, operations }]
    const { people } = starter().api
    const add = people.add.mutate({ name: 'bob', role: 'operator', rights: rights(['convrt']) })
    await expect(add).rejects.toThrow('there is no operation of that name')
    await people.add.mutate({
      name: 'bob',
      role: 'operator',
      rights: rights(['conv*', 'download', 'migrate']),
    })
    const change = { name: 'bob', role: 'operator', rights: rights(['x*']) } as const
    await expect(people.setGrant.mutate(change)).rejects.toThrow('there is no operation of that name')
  })
})
