import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageRow } from '@varve/protocol/images'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, waitFor } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'
import { TrustedFleet } from './trusted-fleet.ts'

const MiB = 1024 ** 2
const program = 'packages/controller/bin/varve-controller.mjs'

let place: Awaited<ReturnType<typeof tempPlace>>
let fleet: TrustedFleet

beforeAll(async () => {
  place = await tempPlace()
  fleet = await TrustedFleet.start(place.path)
  await mkdir(join(fleet.data('north'), 'images'), { recursive: true })
  await writeNoisyDisk(join(fleet.data('north'), 'images/web01.raw'), { size: 96 * MiB, data: 64 * MiB })
  for (const host of ['north', 'south']) await fleet.host(host)
  await writeFile(place.file('passphrase'), 'four words that nobody guesses\n', { mode: 0o600 })
})

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await place?.[Symbol.asyncDispose]()
})

async function controller(...words: readonly string[]) {
  const args = [program, ...words, '--passphrase-file', place.file('passphrase'), '--json']
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, { cwd: root, reject: false })
  return { exitCode, stderr, answer: JSON.parse(stdout) as Record<string, unknown> }
}

async function start(name: string): Promise<string> {
  const image = await waitFor<ImageRow>('the image', async () => {
    const { rows } = await fleet.api.images.list.query({ host: 'north', name: 'web01.raw' })
    return rows[0] ?? null
  })
  const [targetHost, targetLibrary, format] = ['south', 'images', 'qcow2'] as const
  const request = { image: image.id, targetHost, targetLibrary, name, format }
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

async function ended(id: string, wanted: string) {
  return await waitFor(`the end, ${wanted}`, async () => {
    const migration = await fleet.api.migrations.get.query({ id })
    return migration.state === wanted ? migration : null
  })
}

test('a backup that was made while runs went on is restored into an empty folder, and the fleet goes on', async () => {
  const first = await start('first.qcow2')
  await ended(first, 'succeeded')
  const second = await start('second.qcow2')
  await waitFor('the pull', async () => {
    const { steps } = await fleet.api.migrations.get.query({ id: second })
    return steps.some((step) => step.id === 'pull' && step.state === 'running') ? true : null
  })
  const token = await fleet.token()
  const before = await fleet.api.trust.view.query()
  const hosts = await fleet.api.fleet.hosts.query({})
  process.kill(fleet.pid('south'), 'SIGSTOP')
  const made = await controller(
    'backup',
    '--data',
    fleet.data('controller'),
    '--to',
    place.file('kept.varve'),
  )
  process.kill(fleet.pid('south'), 'SIGCONT')
  expect(made).toMatchObject({
    exitCode: 0,
    stderr: '',
    answer: { fleet: before.fleet, hosts: 2, openRuns: [{ id: second, operation: 'migrate' }], leftOut: [] },
  })
  expect((await stat(place.file('kept.varve'))).mode & 0o077).toBe(0)
  expect(await readdir(fleet.data('controller'))).not.toContain('.backup')
  await ended(second, 'succeeded')
  const published = await stat(place.file('south/images/second.qcow2'), { bigint: true })

  const used = await controller('restore', place.file('kept.varve'), '--data', fleet.data('controller'))
  expect(used).toMatchObject({ exitCode: 4, answer: { error: { code: 'refused' } } })
  expect(used.stderr).toContain('a controller runs on it')
  await fleet.stop('controller')
  await rename(fleet.data('controller'), place.file('lost'))
  await mkdir(fleet.data('controller'))
  const restored = await controller('restore', place.file('kept.varve'), '--data', fleet.data('controller'))
  expect(restored).toMatchObject({ exitCode: 0, answer: { fleet: before.fleet, hosts: 2 } })
  await fleet.startController()

  const { error } = await ended(second, 'failed')
  expect(JSON.stringify(error)).toContain('restored from a backup')
  await fleet.state('north', 'connected')
  await fleet.state('south', 'connected')
  expect(await readdir(fleet.data('controller'))).not.toContain('restored.json')
  const now = await fleet.api.trust.view.query()
  expect([now.fleet, now.pin, now.members]).toEqual([before.fleet, before.pin, before.members])
  expect((await fleet.api.fleet.hosts.query({})).rows.map(({ name }) => name)).toEqual(
    hosts.rows.map(({ name }) => name),
  )
  expect(await stat(place.file('south/images/second.qcow2'), { bigint: true })).toMatchObject({
    ino: published.ino,
    mtimeNs: published.mtimeNs,
    size: published.size,
  })
  await ended(first, 'succeeded')

  // A token that may have been used since lets nobody in.
  const joined = await fleet.join('stranger', token)
  expect([joined.exitCode, joined.said]).toEqual([1, expect.stringContaining('the token was canceled')])

  expect(await fleet.api.audit.verify.query({})).toMatchObject({ faults: [], alarms: [] })
  const { lines } = await fleet.api.audit.list.query({ what: 'controller.restored' })
  expect(lines).toHaveLength(1)

  // What is asked for from now on is done.
  await ended(await start('after.qcow2'), 'succeeded')
  await execa('qemu-img', [
    'compare',
    place.file('north/images/web01.raw'),
    place.file('south/images/after.qcow2'),
  ])
})
