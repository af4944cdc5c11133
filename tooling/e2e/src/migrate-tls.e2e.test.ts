import { createHash, randomUUID } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readMembership } from '@varve/agent/trust/membership-file'
import type { ImageRow } from '@varve/protocol/images'
import { memberUri } from '@varve/trust/member-name'
import { connectNbd } from '@varve/nbd/client'
import type { ClientTls } from '@varve/nbd/client-options'
import { urisOf } from '@varve/nbd/tls/peer-names'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitFor } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'
import { toldJobs } from './told-jobs.ts'
import { TrustedFleet } from './trusted-fleet.ts'

const MiB = 1024 ** 2

let place: Awaited<ReturnType<typeof tempPlace>>
let fleet: TrustedFleet

beforeAll(async () => {
  place = await tempPlace()
  fleet = await TrustedFleet.start(place.path)
  await mkdir(join(fleet.data('north'), 'images'), { recursive: true })
  await writeNoisyDisk(join(fleet.data('north'), 'images/web01.raw'), { size: 192 * MiB, data: 160 * MiB })
  for (const host of ['north', 'south', 'other']) await fleet.host(host)
})

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await place?.[Symbol.asyncDispose]()
})

async function start(name: string, targetHost = 'south'): Promise<string> {
  const image = await waitFor<ImageRow>('the image', async () => {
    const { rows } = await fleet.api.images.list.query({ host: 'north', name: 'web01.raw' })
    return rows[0] ?? null
  })
  const request = {
    image: image.id,
    targetHost,
    targetLibrary: 'images',
    name,
    format: 'qcow2',
  } as const
  const plan = await fleet.api.migrations.plan.query(request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  const accepted = plan.warnings.map(({ id }) => id)
  const { id } = await fleet.api.migrations.start.mutate({
    ...request,
    idempotencyKey: randomUUID(),
    accepted,
  })
  return id
}

/** Where the newest pull reads. */
function endpointOfPull() {
  const [request] = toldJobs(fleet.data('controller'), 'pull')
  if (request?.kind !== 'pull') throw new Error('there was no pull')
  return request.endpoint
}

/** As whom `name` opens what north serves. */
function tlsOf(name: string): ClientTls {
  const kept = readMembership(fleet.data(name))
  if (!kept) throw new Error(`${name} has not joined`)
  const uri = memberUri({ fleet: kept.fleet, kind: 'agent', name: 'north' })
  const peer: ClientTls['peer'] = (certificate) => urisOf(certificate).includes(uri)
  return { ca: kept.roots.join('\n'), certificate: kept.chain, key: kept.key, peer }
}

test('a disk moves by TLS between members; its export opens for the one that it is for, and for nobody when it is over', async () => {
  const id = await start('web01.qcow2')
  await pulling(id)
  const south = fleet.pid('south')
  process.kill(south, 'SIGSTOP')
  const { server, ...endpoint } = endpointOfPull()
  const open = async (tls?: ClientTls) => {
    await using client = await connectNbd({ ...endpoint, ...(tls && { tls }) })
    return client.size
  }
  try {
    expect(server).toBe('north')
    await expect(open()).rejects.toMatchObject({ code: 'tls-failed' })
    await expect(open(tlsOf('other'))).rejects.toMatchObject({ code: 'nbd-failed' })
    const { certificate: _, key: __, ...bare } = tlsOf('south')
    await expect(open(bare)).rejects.toMatchObject({ code: 'tls-failed' })
    expect(await open(tlsOf('south'))).toBe(192 * MiB)
    const guessed = { ...endpoint, exportName: randomUUID() }
    await expect(connectNbd({ ...guessed, tls: tlsOf('south') })).rejects.toMatchObject({
      code: 'nbd-failed',
    })
  } finally {
    process.kill(south, 'SIGCONT')
  }
  await ended(id, 'succeeded')
  await expect(open(tlsOf('south'))).rejects.toMatchObject({ code: /nbd-failed|tls-failed/u })
  const [source, target] = ['north/images/web01.raw', 'south/images/web01.qcow2'].map((name) =>
    place.file(name),
  )
  await execa('qemu-img', ['compare', source ?? '', target ?? ''])
})

async function pulling(id: string): Promise<void> {
  await waitFor('the pull', async () => {
    const { steps } = await fleet.api.migrations.get.query({ id })
    return steps.some((step) => step.id === 'pull' && step.state === 'running') ? true : null
  })
}

async function ended(id: string, wanted: string) {
  return await waitFor(`the end, ${wanted}`, async () => {
    const migration = await fleet.api.migrations.get.query({ id })
    return migration.state === wanted ? migration : null
  })
}

test('a controller that was restored from a backup does not do again what was done since', async () => {
  const id = await start('again.qcow2')
  await pulling(id)
  process.kill(fleet.pid('south'), 'SIGSTOP')
  await fleet.stop('controller')
  const backup = place.file('backup')
  await cp(fleet.data('controller'), backup, { recursive: true })
  process.kill(fleet.pid('south'), 'SIGCONT')
  await fleet.startController()
  await ended(id, 'succeeded')
  const made = await stat(place.file('south/images/again.qcow2'), { bigint: true })

  await fleet.stop('controller')
  await rm(fleet.data('controller'), { recursive: true })
  await rename(backup, fleet.data('controller'))
  await fleet.startController()
  const { error } = await ended(id, 'failed')
  expect(JSON.stringify(error)).toContain('restored from a backup')
  await fleet.state('south', 'connected')
  await fleet.state('north', 'connected')
  expect(await stat(place.file('south/images/again.qcow2'), { bigint: true })).toMatchObject({
    ino: made.ino,
    mtimeNs: made.mtimeNs,
    size: made.size,
  })
  const titles = (await fleet.api.events.activity.query({})).map(({ title }) => title)
  expect(titles.some((title) => title.startsWith('This controller was restored from a backup'))).toBe(true)
  // What is asked for from now on is done.
  await ended(await start('after.qcow2'), 'succeeded')
})

test('the names of exports stand in nothing that was written, nor in what people are shown of their runs', async () => {
  const used = toldJobs(fleet.data('controller'), 'export').flatMap((request) =>
    request.kind === 'export' ? [request.exportName] : [],
  )
  expect(new Set(used).size).toBeGreaterThanOrEqual(2)
  const { rows } = await fleet.api.fleet.hosts.query({})
  const migrations = await fleet.api.migrations.list.query({ limit: 50 })
  const shown = await Promise.all(
    migrations.map(async ({ id }) => [
      await fleet.api.runs.get.query({ id }),
      await fleet.api.runs.log.query({ id }),
    ]),
  )
  expect(JSON.stringify(shown)).toContain('"endpoint"')
  const { lines } = await fleet.api.audit.list.query({ limit: 500 })
  const activity = await fleet.api.events.activity.query({ limit: 500 })
  const written = [
    Buffer.from(JSON.stringify([rows, migrations, shown, lines, activity])),
    ...['controller', 'north', 'south', 'other'].map((name) => Buffer.from(fleet.output(name))),
  ]
  for (const host of ['controller', 'north', 'south', 'other'])
    for (const entry of await readdir(fleet.data(host), { recursive: true, withFileTypes: true }))
      if (entry.isFile() && !entry.parentPath.endsWith('/images'))
        written.push(await readFile(join(entry.parentPath, entry.name)))
  expect(written.length).toBeGreaterThan(12)
  for (const name of used) {
    expect(name).toMatch(/^varve-once\.[0-9a-f]{64}$/u)
    const secret = name.slice(name.indexOf('.') + 1)
    expect(written.findIndex((bytes) => bytes.includes(secret))).toBe(-1)
  }
})

interface Cut {
  readonly revoked: string
  readonly target: string
  /** Which end of the connections is looked at: the one of the host that stays. */
  readonly end: 'server' | 'client'
}

const cuts: readonly Cut[] = [
  { revoked: 'south', target: 'south', end: 'server' },
  { revoked: 'north', target: 'other', end: 'client' },
]

test.each(cuts)(
  'a disk moves slowly, and $revoked is revoked: its connections end within a second, and the run with a reason',
  async ({ revoked, target, end }) => {
    const source = place.file('north/images/web01.raw')
    const before = await stat(source, { bigint: true })
    const digest = await sha256Of(source)
    const name = `${revoked}.qcow2`
    const id = await start(name, target)
    await pulling(id)
    const { port } = endpointOfPull()
    await waitFor('connections', async () => ((await connectionsOf(port, end)) > 0 ? true : null))
    // As slow as can be.
    process.kill(fleet.pid(revoked), 'SIGSTOP')
    try {
      await sleep(200)
      expect(await connectionsOf(port, end)).toBeGreaterThan(0)
      await fleet.api.trust.revoke.mutate({ name: revoked })
      const since = performance.now()
      while ((await connectionsOf(port, end)) > 0) {
        expect(performance.now() - since).toBeLessThan(1000)
        await sleep(10)
      }
      const { error } = await ended(id, 'failed')
      expect(error).toMatchObject({
        code: 'refused',
        message: expect.stringContaining(`${revoked} was put out of the fleet: its certificate was revoked`),
      })
    } finally {
      process.kill(fleet.pid(revoked), 'SIGCONT')
    }
    const after = await stat(source, { bigint: true })
    expect([after.ino, after.size, after.mtimeNs]).toEqual([before.ino, before.size, before.mtimeNs])
    expect(await sha256Of(source)).toBe(digest)
    await expect(stat(place.file(`${target}/images/${name}`))).rejects.toMatchObject({ code: 'ENOENT' })
    await fleet.until('it is told so', async () => fleet.output(revoked).includes('was revoked'))
  },
)

async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

/** How many connections to that port of 127.0.0.1 are open, as one of their ends sees it. */
async function connectionsOf(port: number, end: Cut['end']): Promise<number> {
  const hex = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const established = '01'
  return (await readFile('/proc/net/tcp', 'utf8')).split('\n').filter((line) => {
    const [, local, remote, state] = line.trim().split(/\s+/u)
    return state === established && (end === 'server' ? local : remote) === hex
  }).length
}

test('what the controller keeps is closed to others', async () => {
  for (const name of ['', 'inventory.sqlite', 'trust.sqlite', 'workflows.sqlite', 'secrets.key'])
    expect([name, (await stat(join(fleet.data('controller'), name))).mode & 0o077]).toEqual([name, 0])
  expect((await readFile(join(fleet.data('controller'), 'secrets.key'), 'utf8')).length).toBeGreaterThan(0)
})
