import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createTRPCClient, httpBatchLink, type TRPCClient } from '@trpc/client'
import type { AppRouter } from '@varve/controller/router/root'
import { tempPlace } from '@varve/test-kit/temp-place'
import type { Page } from 'playwright-core'
import { setStage, type OpenOptions, type Stage, type Visit } from './browser.ts'
import { startController } from './real-fleet.ts'

export const password = 'a horse, a battery'

/** A controller where people sign in, and the browser that they sign in with. */
export interface PeopleStage extends AsyncDisposable {
  readonly url: string
  /** As who started the controller. */
  readonly admin: TRPCClient<AppRouter>
  /** Makes a person who has a password. */
  person(name: string, role: 'viewer' | 'operator' | 'admin'): Promise<void>
  open(path: string, options?: OpenOptions & { readonly origin?: string }): Promise<Visit>
  /** A page where `name` has signed in with their password. */
  openAs(name: string, path: string): Promise<Visit>
}

export async function setPeopleStage(): Promise<PeopleStage> {
  const place = await tempPlace()
  const stage: Stage = await setStage()
  const controller = await startController({
    data: place.file('data'),
    dashboard: stage.folder,
    signIn: true,
  })
  const { url } = controller
  const { key } = JSON.parse(await readFile(place.file('data/access.json'), 'utf8')) as { key: string }
  const admin = clientWith(url, { authorization: `Bearer ${key}` })

  async function open(path: string, { origin = url, ...options }: OpenOptions & { origin?: string } = {}) {
    return await stage.open(origin + path, options)
  }

  return {
    url,
    admin,
    open,
    async person(name, role) {
      const link = await admin.people.add.mutate({ name, role })
      const answer = await fetch(`${url}/api/auth/sign-in/link`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: tokenOf(link.url) }),
      })
      const cookie = answer.headers
        .getSetCookie()
        .map((one) => one.split(';', 1)[0])
        .join('; ')
      await clientWith(url, { cookie }).account.setPassword.mutate({ newPassword: password })
      const [session] = await admin.people.sessions
        .query()
        .then((all) => all.filter((one) => one.person === name))
      if (session) await admin.people.endSession.mutate({ id: session.id })
    },
    async openAs(name, path) {
      const visit = await open(`/sign-in?next=${encodeURIComponent(path)}`)
      await signIn(visit.page, name)
      await visit.page.waitForURL(url + path)
      return visit
    },
    async [Symbol.asyncDispose]() {
      await controller[Symbol.asyncDispose]()
      await stage[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

export function clientWith(url: string, headers: Record<string, string>): TRPCClient<AppRouter> {
  return createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: `${url}/trpc`, headers })] })
}

export function tokenOf(link: string): string {
  return new URL(link).hash.slice(1)
}

/** Fills in the form that is shown. */
export async function signIn(page: Page, name: string, secret = password): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Password', { exact: true }).fill(secret)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Without what a browser says of every answer that refuses: the pages expect them. */
export function unexpected(complaints: readonly string[]): readonly string[] {
  return complaints.filter(
    (one) => !/^Failed to load resource: .*(?:\/api\/auth\/|status of 401 .*\/trpc\/)/u.test(one),
  )
}

/** The code of an app at this time, RFC 6238. */
export function totpOf(secret: string, at = Date.now()): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = Array.from(secret.replaceAll(' ', ''))
    .map((one) => alphabet.indexOf(one).toString(2).padStart(5, '0'))
    .join('')
  const key = Buffer.from((bits.match(/.{8}/gu) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const digest = createHmac('sha1', key).update(counter).digest()
  const offset = (digest.at(-1) ?? 0) & 15
  return String((digest.readUInt32BE(offset) & 0x7f_ff_ff_ff) % 1_000_000).padStart(6, '0')
}
