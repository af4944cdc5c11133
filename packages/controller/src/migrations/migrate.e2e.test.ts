import { expect, test } from 'vitest'
import { sampleDigest, startFakeAgent } from '../testing/fake-agent.ts'
import { sampleRecord } from '../testing/samples.ts'
import { eventually, startTestController } from '../testing/start-test-controller.ts'

const MiB = 1024 ** 2

test('a migration runs through its steps, is proven, and its image is linked when it shows up', async () => {
  await using controller = await startTestController()
  await using north = await startFakeAgent({
    url: controller.url,
    name: 'north',
    images: [sampleRecord('north', 'web01.vmdk')],
  })
  await using south = await startFakeAgent({ url: controller.url, name: 'south' })
  const { client } = controller
  const { rows } = await client.images.list.query({})
  const request = {
    image: rows[0]?.id ?? '',
    targetHost: 'south',
    targetLibrary: 'images',
    name: 'web01.qcow2',
    format: 'qcow2' as const,
  }
  const plan = await client.migrations.plan.query(request)
  expect(plan).toMatchObject({ kind: 'plan', summary: 'Migrate 16.0 MiB to south', warnings: [] })
  const { id } = await client.migrations.start.mutate({ ...request, idempotencyKey: 'happy-path' })
  const done = await eventually(async () => {
    const migration = await client.migrations.get.query({ id })
    return migration.finishedAt !== null && migration
  })
  expect(done.error).toBeNull()
  expect(done).toMatchObject({
    state: 'succeeded',
    verified: true,
    sourceDigest: sampleDigest,
    targetDigest: sampleDigest,
    copyBytes: 16 * MiB,
    copied: { done: 16 * MiB, total: 16 * MiB, zeros: 4 * MiB, seconds: 0.2, fileSize: 17 * MiB },
    readBack: { done: 12 * MiB, total: 12 * MiB },
    transferredBytes: 16 * MiB,
    averageRate: (16 * MiB) / 0.2,
    aftermath: null,
  })
  expect(done.steps.map(({ id: step, state }) => `${step} ${state}`)).toEqual([
    'pre-flight done',
    'export done',
    'measure done',
    'pull done',
    'verify done',
    'digest done',
    'close done',
    'compare done',
    'publish done',
  ])
  expect(north.started.map(({ kind }) => kind)).toEqual(['inspect', 'export', 'digest', 'release'])
  expect(south.started.map(({ kind }) => kind)).toEqual(['measure', 'pull', 'verify', 'publish'])
  expect(done.target.imageId).toBeNull()
  await south.announce([sampleRecord('south', 'web01.qcow2', { format: 'qcow2' })])
  const linked = await client.migrations.get.query({ id })
  expect(linked.target.imageId).not.toBeNull()
  const image = await client.images.get.query({ id: linked.target.imageId ?? '' })
  expect(image.proofs).toMatchObject([{ digest: sampleDigest, hasManifest: false }])
  expect(image.row.provenAt).toBe(image.proofs[0]?.takenAt)
})
