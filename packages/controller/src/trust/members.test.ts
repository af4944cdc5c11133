import { beforeEach, expect, test } from 'vitest'
import { makeRequest } from '@varve/trust/certificates'
import { parseJoinToken } from '@varve/trust/join-token'
import type { Secrets } from '@varve/trust/secrets'
import { certificateMs, openAuthority, type Authority } from './authority.ts'
import { createMembers, type Members } from './members.ts'
import { openTrustDatabase, rootsOf, type TrustDb } from './trust-store.ts'

const hour = 3_600_000
let now: number
let db: TrustDb
let authority: Authority
let members: Members

/** Keeps nothing secret, so that a test sees what was sealed. */
const secrets: Secrets = {
  seal: (purpose, secret) => `${purpose}:${Buffer.from(secret).toString('base64')}`,
  open: (purpose, sealed) => Buffer.from(sealed.slice(purpose.length + 1), 'base64'),
}

beforeEach(async () => {
  now = Date.now()
  db = openTrustDatabase(':memory:')
  authority = await openAuthority({ db, secrets, now: () => now })
  members = createMembers({ db, authority, now: () => now })
})

async function requestFor(name: string, text: string) {
  const token = parseJoinToken(text)
  if (!token) throw new Error('no token')
  const { request } = await makeRequest()
  return { id: token.id, secret: token.secret, name, request }
}

async function joined(name: string, pattern = '*') {
  const { text } = members.makeToken({ pattern, validMs: hour })
  await members.join(await requestFor(name, text))
  return identity(name)
}

/** As which the newest certificate of a host speaks. */
function identity(host: string) {
  const serial = members.list().find(({ name }) => name === host)?.serial ?? ''
  return { kind: 'agent', host, serial } as const
}

const states = (host: string) =>
  members
    .list()
    .filter(({ name }) => name === host)
    .map(({ state }) => state)

test('a token lets one host in, and that one again when its answer was lost', async () => {
  const { text } = members.makeToken({ pattern: '*', validMs: hour })
  const request = await requestFor('north', text)
  const first = await members.join(request)
  expect(await members.join(request)).toEqual(first)
  await expect(members.join(await requestFor('north', text))).rejects.toThrow('was used already')
  await expect(members.join(await requestFor('south', text))).rejects.toThrow('was used already')
  expect(members.tokens()).toMatchObject([{ state: 'used', usedBy: 'north' }])
})

test('a certificate that was made since the backup is stopped until a person decides, and can be revoked', async () => {
  const north = await joined('north')
  members.admit(north)
  const since = { ...north, serial: 'a'.repeat(32) }
  expect(members.stopUnknown(north)).toBe(false)
  expect(members.stopUnknown(since)).toBe(true)
  expect(members.stopUnknown(since)).toBe(false)
  expect(states('north')).toEqual(['stopped', 'active'])
  expect(() => members.admit(since)).toThrow('was made since the backup')
  members.admit(north)
  members.allow('north')
  members.admit(since)
  expect(states('north')).toEqual(['active', 'superseded'])
  expect(() => members.admit(north)).toThrow('not in use')
  members.revoke('north', 'it was sold')
  expect(members.stopUnknown(since)).toBe(false)
  expect(() => members.admit(since)).toThrow('it was sold')
  const other = { ...north, host: 'south', serial: 'b'.repeat(32) }
  members.stopUnknown(other)
  members.revoke('south', 'nobody knows it')
  expect(() => members.allow('south')).toThrow('none of its certificates is stopped')
  expect(() => members.admit(other)).toThrow('nobody knows it')
})

test('two hosts that come at once with one token: one joins', async () => {
  const { text } = members.makeToken({ pattern: '*', validMs: hour })
  const requests = await Promise.all(['north', 'south'].map((name) => requestFor(name, text)))
  const ends = await Promise.allSettled(requests.map((request) => members.join(request)))
  expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(members.list()).toHaveLength(1)
})

test('one that is over, canceled, guessed or of another name lets nobody in', async () => {
  const over = members.makeToken({ pattern: '*', validMs: hour })
  const canceled = members.makeToken({ pattern: '*', validMs: 24 * hour })
  const named = members.makeToken({ pattern: 'web-*-eu', validMs: 24 * hour })
  members.cancelToken(canceled.token.id)
  expect(() => members.cancelToken(canceled.token.id)).toThrow('no such token')
  now += hour
  await expect(members.join(await requestFor('north', over.text))).rejects.toThrow('is over')
  await expect(members.join(await requestFor('north', canceled.text))).rejects.toThrow('was canceled')
  for (const name of ['web-eu', 'web-', 'xweb-1-eu', 'web-1-eux', 'north'])
    await expect(members.join(await requestFor(name, named.text))).rejects.toThrow('called web-*-eu')
  const guessed = await requestFor('web-1-eu', named.text)
  await expect(members.join({ ...guessed, secret: 'a'.repeat(43) })).rejects.toThrow('none of this fleet')
  await expect(members.join({ ...guessed, id: 'nobody' })).rejects.toThrow('none of this fleet')
  expect(members.list()).toEqual([])
  await members.join(guessed)
})

test('secrets of tokens and keys of roots are not kept as they are', async () => {
  const { text } = members.makeToken({ pattern: '*', validMs: hour })
  const rows = JSON.stringify(db.$client.prepare('SELECT * FROM join_tokens').all())
  expect(rows).not.toContain(parseJoinToken(text)?.secret)
  expect(rootsOf(db).every(({ sealedKey }) => sealedKey.startsWith('root 1:'))).toBe(true)
})

test('a name that is taken is replaced only by a token for just that name', async () => {
  const first = await joined('north')
  await expect(joined('north')).rejects.toThrow('has joined already')
  members.admit(first)
  const second = await joined('north', 'north')
  expect(() => members.admit(first)).toThrow('was revoked: replaced by')
  members.admit(second)
})

test('a renewed certificate ends the older one when it is used first, not before', async () => {
  const first = await joined('north')
  members.admit(first)
  now += 1
  const { request } = await makeRequest()
  await members.renew(first, request)
  const second = identity('north')
  expect(second.serial).not.toBe(first.serial)
  members.admit(first)
  members.admit(second)
  expect(() => members.admit(first)).toThrow('not in use')
  expect(states('north')).toEqual(['active', 'superseded'])
  await expect(members.renew(first, request)).rejects.toThrow('not in use')
})

test('a revoked one may not come back, nor one that was stopped until a person decides, nor one that has ended', async () => {
  const north = await joined('north')
  members.admit(north)
  members.stop('north', 'two hosts use it')
  expect(() => members.admit(north)).toThrow('two hosts use it')
  const { request } = await makeRequest()
  await expect(members.renew(north, request)).rejects.toThrow('two hosts use it')
  members.allow('north')
  members.admit(north)
  members.revoke('north', 'by a person')
  expect(() => members.admit(north)).toThrow('was revoked: by a person')
  expect(() => members.allow('north')).toThrow('none of its certificates is stopped')
  expect(() => members.revoke('north', 'again')).toThrow('no certificate')
  const south = await joined('south')
  now += certificateMs
  expect(() => members.admit(south)).toThrow('not in use')
  expect(() => members.admit({ kind: 'agent', host: 'west', serial: south.serial })).toThrow('not in use')
})

test('a root is believed until the last certificate that it signed is replaced', async () => {
  const north = await joined('north')
  members.admit(north)
  const root = await authority.rotate()
  expect(authority.roots().map(({ generation }) => generation)).toEqual([2, 1])
  expect(authority.retire()).toBe(false)
  now += 1
  const { request } = await makeRequest()
  const { chain, roots } = await members.renew(north, request)
  expect(chain.match(/BEGIN CERTIFICATE/gu)).toHaveLength(2)
  expect(roots).toHaveLength(2)
  members.admit(identity('north'))
  expect(authority.retire()).toBe(true)
  expect(authority.roots()).toEqual([root])
})

test('no more keys are made than hosts take; those that nobody needs make room', async () => {
  const north = await joined('north')
  members.admit(north)
  for (let count = authority.roots().length; count < 6; count += 1) await authority.rotate()
  const before = authority.roots()
  await expect(authority.rotate()).rejects.toMatchObject({
    code: 'refused',
    details: { remedy: expect.stringContaining('renewed') },
  })
  expect(authority.roots()).toEqual(before)
  members.revoke('north', 'it is gone')
  expect(authority.retire()).toBe(true)
  await authority.rotate()
  expect(authority.roots()).toHaveLength(2)
})

test('the fleet is the same after a restart, and another one without its keys is not made silently', async () => {
  const again = await openAuthority({ db, secrets, now: () => now })
  expect(again.fleet).toBe(authority.fleet)
  expect(again.roots()).toEqual(authority.roots())
  const lost: Secrets = {
    ...secrets,
    open: () => {
      throw new Error('another key')
    },
  }
  await expect(openAuthority({ db, secrets: lost, now: () => now })).rejects.toThrow('another key')
})
