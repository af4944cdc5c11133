import { expect, test } from 'vitest'
import { startFakeAgent, untilAborted, type Script } from './testing/fake-agent.ts'
import { ended, reached, startMigration } from './testing/migrate-story.ts'
import { sampleFacts, sampleRecord } from './testing/samples.ts'
import { eventually, startTestController } from './testing/start-test-controller.ts'

const images = [sampleRecord('north', 'web01.vmdk')]
const GiB = 1024 ** 3

test('an agent that does not answer is named on what depends on it', async () => {
  await using controller = await startTestController({ graceMs: 60_000 })
  const { client, url } = controller
  const hang: Partial<Script> = {
    pull: async (_, tools) => {
      await tools.progress({ done: 5, total: 10 })
      return untilAborted(tools)
    },
  }
  const north = await startFakeAgent({ url, name: 'north', images })
  await using _south = await startFakeAgent({ url, name: 'south', script: hang })
  const id = await startMigration(client)
  await reached(client, id, 'pull', 'running')
  expect((await client.migrations.get.query({ id })).stall).toBeNull()
  await north.vanish()
  const { stall } = await eventually(async () => {
    const migration = await client.migrations.get.query({ id })
    return migration.stall !== null && migration
  })
  expect(stall?.message).toContain('The agent on north does not answer')
  const { rows } = await client.images.list.query({ host: 'north' })
  expect(rows.map(({ hostState }) => hostState)).toEqual(['offline'])
  expect((await client.images.get.query({ id: rows[0]?.id ?? '' })).row.hostState).toBe('offline')
  await using _again = await startFakeAgent({ url, name: 'north', instance: north.instance, images })
  await eventually(async () => (await client.migrations.get.query({ id })).stall === null)
  expect((await client.images.list.query({ host: 'north' })).rows[0]?.hostState).toBe('connected')
})

test('bytes that do not move are said to stand still', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  const hang: Partial<Script> = {
    pull: async (_, tools) => {
      await tools.progress({ done: 5, total: 10 })
      return untilAborted(tools)
    },
  }
  await using _north = await startFakeAgent({ url, name: 'north', images })
  await using _south = await startFakeAgent({ url, name: 'south', script: hang })
  const id = await startMigration(client)
  const { stall } = await eventually(async () => {
    const migration = await client.migrations.get.query({ id })
    return migration.stall !== null && migration
  })
  expect(stall?.message).toContain('south reads from north')
}, 30_000)

test('free space is one value, and fresh', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  await using north = await startFakeAgent({ url, name: 'north', images })
  const [library] = sampleFacts('north').libraries
  if (!library) throw new Error('no library')
  const place = { ...library.place, free: 33 * GiB }
  await north.client.agents.places.mutate({
    session: north.session,
    places: [{ name: library.name, writable: true, place }],
  })
  const host = await client.fleet.host.query({ name: 'north' })
  expect(host.libraries[0]?.place.free).toBe(33 * GiB)
  const page = await client.fleet.hosts.query({ sort: 'free' })
  expect(page.rows[0]?.libraries[0]?.place.free).toBe(33 * GiB)
  const [row] = (await client.images.list.query({})).rows
  const { report } = await client.images.get.query({ id: row?.id ?? '' })
  expect(report.place).toMatchObject({ mountPoint: place.mountPoint, free: 33 * GiB })
})

test('a host that is gone can be forgotten, and comes back anew', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  const north = await startFakeAgent({ url, name: 'north', images })
  await expect(client.fleet.forget.mutate({ name: 'north' })).rejects.toThrow('is connected')
  await expect(client.fleet.forget.mutate({ name: 'nobody' })).rejects.toMatchObject({
    data: { code: 'NOT_FOUND' },
  })
  await client.images.chooseFormat.mutate({
    host: 'north',
    library: 'images',
    name: '',
    scope: 'folder',
    format: 'raw',
  })
  await north.vanish()
  await eventually(async () => (await client.fleet.host.query({ name: 'north' })).state === 'offline')
  await client.fleet.forget.mutate({ name: 'north' })
  expect((await client.fleet.hosts.query({})).total).toBe(0)
  expect((await client.images.list.query({})).total).toBe(0)
  const titles = (await client.events.activity.query({})).map(({ title }) => title)
  expect(titles).toContain('north was forgotten, with its images')
  await using _again = await startFakeAgent({ url, name: 'north', images })
  expect((await client.fleet.host.query({ name: 'north' })).images).toBe(1)
  expect(await client.images.formats.query({ host: 'north' })).toEqual([])
  await expect(client.images.formats.query({ host: 'nobody' })).rejects.toMatchObject({
    data: { code: 'NOT_FOUND' },
  })
})

test.each(['/etc', '../x', 'a/../b', 'a//b', './a', '.'])(
  'a format is not told of %j, which lies in no library',
  async (name) => {
    await using controller = await startTestController()
    await using _north = await startFakeAgent({ url: controller.url, name: 'north', images })
    const choice = { host: 'north', library: 'images', name, scope: 'folder', format: 'raw' } as const
    await expect(controller.client.images.chooseFormat.mutate(choice)).rejects.toMatchObject({
      data: { problem: { code: 'invalid-request' } },
    })
    expect(await controller.client.images.formats.query({ host: 'north' })).toEqual([])
  },
)

test('an image is found by its name alone among many that have it in theirs, a migration by its number', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  const many = Array.from({ length: 150 }, (_, at) =>
    sampleRecord('north', `a${String(at).padStart(3, '0')}-web01.vmdk`),
  )
  await using _north = await startFakeAgent({ url, name: 'north', images: [...many, ...images] })
  await using _south = await startFakeAgent({ url, name: 'south' })
  await eventually(async () => (await client.images.list.query({})).total === 151)
  const { rows, total } = await client.images.list.query({ host: 'north', name: 'web01.vmdk' })
  expect([total, rows.map(({ name }) => name)]).toEqual([1, ['web01.vmdk']])
  const id = await startMigration(client)
  const { number } = await ended(client, id)
  expect((await client.migrations.list.query({ number })).map((one) => one.id)).toEqual([id])
  expect(await client.migrations.list.query({ number: number + 1 })).toEqual([])
})

test('migrations that are over can be cleared, one by one or by how they ended', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  const fail: Partial<Script> = {
    measure: async () => {
      throw new Error('no')
    },
  }
  const north = await startFakeAgent({ url, name: 'north', images })
  const south = await startFakeAgent({ url, name: 'south', script: fail })
  const ids: string[] = []
  for (const key of ['first-one', 'second-one', 'third-one']) {
    const id = await startMigration(client, key)
    ids.push(id)
    expect((await ended(client, id)).state).toBe('failed')
  }
  const [first = ''] = ids
  await client.migrations.forget.mutate({ id: first })
  await expect(client.migrations.get.query({ id: first })).rejects.toMatchObject({
    data: { code: 'NOT_FOUND' },
  })
  expect(await client.migrations.clear.mutate({ states: ['canceled'] })).toEqual({ cleared: 0 })
  expect(await client.migrations.clear.mutate({ states: ['failed', 'canceled'] })).toEqual({ cleared: 2 })
  expect(await client.migrations.list.query({})).toEqual([])
  const titles = (await client.events.activity.query({})).map(({ title }) => title)
  expect(titles).toContain('Cleared: 2 migrations that failed')
  expect(titles.some((title) => title.includes('(failed) was cleared'))).toBe(true)
  await north.vanish()
  await south.vanish()
})

test('a format that is told is remembered, sent to the agent, and shown', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  const north = await startFakeAgent({ url, name: 'north', images })
  const [row] = (await client.images.list.query({})).rows
  if (!row) throw new Error('no image')
  const place = { host: 'north', library: 'images', name: row.name, scope: 'image' } as const
  await client.images.chooseFormat.mutate({ ...place, format: 'qcow2' })
  await eventually(async () => north.commands.some(({ kind }) => kind === 'formats'))
  const choice = { library: 'images', name: row.name, scope: 'image', format: 'qcow2' }
  expect(north.commands.at(-1)).toEqual({ kind: 'formats', formats: [choice] })
  expect((await client.images.get.query({ id: row.id })).told).toMatchObject({
    scope: 'image',
    format: 'qcow2',
  })
  await expect(
    client.images.chooseFormat.mutate({ ...place, name: 'none.img', format: 'raw' }),
  ).rejects.toMatchObject({ data: { code: 'NOT_FOUND' } })
  await north.vanish()
  await using again = await startFakeAgent({ url, name: 'north', images })
  expect(again.formats).toEqual([choice])
  await client.images.chooseFormat.mutate({ ...place, format: null })
  expect(await client.images.formats.query({ host: 'north' })).toEqual([])
})

test('images that appear and vanish are told of in the activity', async () => {
  await using controller = await startTestController({ gatherMs: 500 })
  const { client, url } = controller
  await using north = await startFakeAgent({ url, name: 'north', images })
  await north.announce(Array.from({ length: 20 }, (_, index) => sampleRecord('north', `many-${index}.raw`)))
  const told = async () => {
    const titles = (await client.events.activity.query({})).map(({ title }) => title)
    const counts = titles.map((title) => Number(/^(\d+) images appeared on north$/u.exec(title)?.[1] ?? 0))
    const named = titles.filter((title) => /^north:\S+ appeared$/u.test(title))
    return { total: counts.reduce((sum, count) => sum + count, named.length), counts }
  }
  await eventually(async () => (await told()).total === images.length + 20)
  expect((await told()).counts.some((count) => count > 3)).toBe(true)
})
