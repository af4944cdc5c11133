import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createTRPCClient, httpBatchLink, TRPCClientError, type TRPCClient } from '@trpc/client'
import { rules } from '@varve/controller/people/authorization'
import { appRouter, type AppRouter } from '@varve/controller/router/root'
import { runToolOk, requires } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'

const MiB = 1024 * 1024
const password = 'correct horse battery'

let place: TempPlace
let fleet: Fleet
/** Of operators: one for everything, one for north's `images` alone. */
let operator: Visitor
let bound: Visitor
/** Whatever lets somebody in and was used here. */
const secrets: string[] = []

interface Visitor {
  readonly api: TRPCClient<AppRouter>
  readonly headers: Readonly<Record<string, string>>
}

function visitor(headers: Record<string, string>): Visitor {
  const links = [httpBatchLink({ url: `${fleet.url}/trpc`, headers })]
  return { headers, api: createTRPCClient<AppRouter>({ links }) }
}

async function signIn(path: string, body: Record<string, string>): Promise<Visitor> {
  const answer = await fetch(`${fleet.url}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
  const pairs = answer.headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '')
  secrets.push(...pairs.map((pair) => decodeURIComponent(pair.split('=', 2)[1] ?? '')))
  return visitor({ cookie: pairs.join('; ') })
}

type NewPerson = Parameters<typeof fleet.api.people.add.mutate>[0]

async function person(wish: NewPerson): Promise<Visitor> {
  const { url } = await fleet.api.people.add.mutate(wish)
  const token = new URL(url).hash.slice(1)
  secrets.push(token)
  const first = await signIn('/sign-in/link', { token })
  await first.api.account.setPassword.mutate({ newPassword: password })
  return await signIn('/sign-in/username', { username: wish.name, password })
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => 'answered',
    (error: unknown) =>
      error instanceof TRPCClientError
        ? String((error.data as { code?: string } | null)?.code)
        : String(error),
  )
}

describe.skipIf(!requires('qemu-img'))('people against the rights that they have', () => {
  beforeAll(async () => {
    place = await tempPlace()
    await mkdir(place.file('store'))
    fleet = await Fleet.start(place.file('fleet'), { north: [`store=${place.file('store')}`] })
    const disk = place.file('disk.raw')
    await writeNoisyDisk(disk, { size: 16 * MiB, data: 4 * MiB })
    for (const folder of [fleet.library('north'), fleet.library('south'), place.file('store')])
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', disk, join(folder, 'web.qcow2')])
    await Promise.all(['north', 'south'].map(async (host) => await fleet.image(host, 'web.qcow2')))
    operator = await person({ name: 'grace', role: 'operator' })
    const rights = [{ hosts: ['north'], libraries: ['images'], operations: null }]
    bound = await person({ name: 'bob', role: 'operator', rights })
  })
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  test('an operator is refused in every procedure that is for admins, and for agents', async () => {
    const refused: string[] = []
    for (const [path, procedure] of Object.entries(appRouter._def.procedures)) {
      const isForAgents = path.startsWith('agents.')
      if (!isForAgents && rules[path]?.role !== 'admin') continue
      const { type } = (procedure as unknown as { _def: { type: string } })._def
      if (type === 'subscription') continue
      const input = encodeURIComponent(JSON.stringify({}))
      const url = `${fleet.url}/trpc/${path}${type === 'query' ? `?input=${input}` : ''}`
      const answer = await fetch(url, {
        headers: { ...operator.headers, 'content-type': 'application/json' },
        ...(type === 'mutation' && { method: 'POST', body: '{}' }),
      })
      expect([path, answer.status]).toEqual([path, 403])
      refused.push(path)
    }
    expect(refused).toContain('people.setGrant')
    expect(refused).toContain('trust.makeToken')
    expect(refused).toContain('agents.hello')
    expect(refused.length).toBeGreaterThan(25)
  })

  const run = (host: string, library: string | null, request: Record<string, unknown>) => ({
    host,
    library,
    operation: 'convert',
    request,
    accepted: [],
    idempotencyKey: randomUUID(),
  })

  test('a bounded operator works where the rights reach, and nowhere else, whatever a request says', async () => {
    const wish = { sources: [{ path: 'web.qcow2' }], target: 'new.vmdk', format: 'vmdk' }
    expect(await codeOf(bound.api.runs.start.mutate(run('south', 'images', wish)))).toBe('FORBIDDEN')
    expect(await codeOf(bound.api.runs.start.mutate(run('north', 'store', wish)))).toBe('FORBIDDEN')
    expect(await codeOf(bound.api.runs.start.mutate(run('north', null, wish)))).toBe('FORBIDDEN')
    // The library is theirs, the path in the request is not.
    const store = place.file('store')
    for (const other of [
      { ...wish, sources: [{ path: join(store, 'web.qcow2') }] },
      { ...wish, target: join(store, 'new.vmdk') },
      { ...wish, sources: [{ path: `${fleet.library('north')}/../../../store/web.qcow2` }] },
    ]) {
      const asked = await codeOf(bound.api.runs.start.mutate(run('north', 'images', other)))
      expect(asked, JSON.stringify(other)).not.toBe('answered')
    }
    expect((await readdir(store)).filter((name) => !name.startsWith('.'))).toEqual(['web.qcow2'])
    expect(await codeOf(bound.api.runs.start.mutate(run('north', 'images', wish)))).toBe('answered')
  })

  test('nor by a migration, an upload, a download, a schedule, or the runs of others', async () => {
    const image = await fleet.image('north', 'web.qcow2')
    const foreign = await fleet.image('south', 'web.qcow2')
    const migration = {
      image: image.id,
      targetHost: 'south',
      targetLibrary: 'images',
      name: 'a.vmdk',
      format: 'vmdk',
      idempotencyKey: randomUUID(),
    } as const
    expect(await codeOf(bound.api.migrations.start.mutate(migration))).toBe('FORBIDDEN')
    const upload = { host: 'south', library: 'images', name: 'up.raw', size: 512 } as never
    expect(await codeOf(bound.api.uploads.begin.mutate(upload))).toBe('FORBIDDEN')
    const schedule = { host: 'south', library: 'images' } as never
    expect(await codeOf(bound.api.schedules.set.mutate(schedule))).toBe('FORBIDDEN')
    expect(await codeOf(bound.api.images.digest.mutate({ id: foreign.id }))).toBe('FORBIDDEN')
    const { id } = await operator.api.runs.start.mutate(
      run('south', 'images', { sources: [{ path: 'web.qcow2' }], target: 'of-grace.vmdk', format: 'vmdk' }),
    )
    for (const call of ['cancel', 'resume', 'undo', 'forget'] as const)
      expect(await codeOf(bound.api.runs[call].mutate({ id })), call).toBe('FORBIDDEN')
    const download = async (of: string) =>
      (await fetch(`${fleet.url}/api/images/${of}/file`, { headers: bound.headers })).status
    expect(await download(foreign.id)).toBe(403)
    expect(await download('made-up')).toBe(403)
  })

  test('a file is not had by writing its address in another way, and each download is written down', async () => {
    const { id } = await fleet.image('south', 'web.qcow2')
    const { rows } = await fleet.api.images.list.query({ host: 'north', search: 'web.qcow2' })
    const own = rows.find(({ library }) => library === 'images')
    if (!own) throw new Error('the image is not in the inventory')
    const { port } = new URL(fleet.url)
    /** 0: the page to sign in on, which everybody gets at an address that is nothing else. */
    const ask = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      await new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
          answer.resume()
          const isPage = answer.headers['content-type']?.startsWith('text/html') === true
          resolve(isPage ? 0 : (answer.statusCode ?? 0))
        })
          .on('error', reject)
          .end()
      })
    const disguised = [
      `/%61pi/images/${id}/file`,
      `/a%70i/images/${id}/file`,
      `/api/images/${id}/fil%65`,
      `/api/%69mages/${id}/file`,
      `/api/images/${id.slice(0, -1)}%${id.charCodeAt(id.length - 1).toString(16)}/file`,
      `//api/images/${id}/file`,
      `/api//images/${id}/file`,
      `/x/../api/images/${id}/file`,
      `/API/images/${id}/file`,
      `/api/images/${id}/file/`,
      `/api/images/${id}/file;x`,
      `http://127.0.0.1:${port}/api/images/${id}/file`,
      `http://evil.example/api/images/${id}/file`,
      `/%61pi/manifests/${'ab'.repeat(32)}`,
      `/%61pi/streams/${'x'.repeat(32)}/fetch`,
      `/api/images/${id}/file?/api/health`,
      `/api/images/${id}/file%3F`,
    ]
    for (const path of disguised)
      for (const headers of [{}, bound.headers]) {
        const status = await ask(path, { ...headers })
        expect(status === 0 || status >= 400, `${path} ${status}`).toBe(true)
      }
    const count = async () =>
      (await fleet.api.audit.list.query({ what: 'files.download', limit: 500 })).lines.length
    const before = await count()
    expect(await ask(`/api/images/${own.id}/file`, bound.headers)).toBe(200)
    expect(await ask(`/api/images/${own.id}/file`, { ...bound.headers, range: 'bytes=0-' })).toBe(206)
    expect(await count()).toBe(before + 2)
  })

  test('a forged cookie, and what the database holds, let nobody in', async () => {
    const [name = '', value = ''] = (operator.headers['cookie'] ?? '').split('=', 2)
    const [token = '', signature = ''] = decodeURIComponent(value).split('.', 2)
    const database = new DatabaseSync(join(fleet.folder, 'controller/people.sqlite'), { readOnly: true })
    const rows = database.prepare('SELECT token FROM session').all() as { token: string }[]
    database.close()
    const other = rows.map((row) => row.token).find((one) => one !== token) ?? ''
    expect(other).not.toBe('')
    const forged = [
      token,
      `${token}.`,
      `${token}.${'A'.repeat(43)}=`,
      `${other}.${signature}`,
      `.${signature}`,
    ]
    for (const one of forged) {
      const byCookie = visitor({ cookie: `${name}=${encodeURIComponent(one)}` })
      expect((await byCookie.api.account.me.query()).person, one).toBeNull()
      const byHeader = visitor({ authorization: `Bearer ${one}` })
      expect((await byHeader.api.account.me.query()).person, one).toBeNull()
    }
    expect((await operator.api.account.me.query()).person).toMatchObject({ name: 'grace' })
  })

  test('nothing that lets somebody in stands in what was written', async () => {
    const made = await operator.api.account.makeKey.mutate({ name: 'program', role: 'viewer' })
    secrets.push(made.text, password)
    await visitor({ authorization: `Bearer ${made.text}` }).api.fleet.info.query()
    const { lines } = await fleet.api.audit.list.query({ limit: 500 })
    const activity = await fleet.api.events.activity.query({ limit: 500 })
    const kept = await Promise.all(
      (await readdir(join(fleet.folder, 'controller'), { withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(async ({ name }) => await readFile(join(fleet.folder, 'controller', name))),
    )
    const written = [
      ...kept,
      Buffer.from(JSON.stringify([lines, activity])),
      ...(['controller', 'north', 'south'] as const).map((name) => Buffer.from(fleet.log(name))),
    ]
    expect(lines.length).toBeGreaterThan(10)
    expect(secrets.length).toBeGreaterThan(6)
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(15)
      expect(
        written.some((bytes) => bytes.includes(secret)),
        secret.slice(0, 6),
      ).toBe(false)
    }
  })
})
