import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { readMembership } from '@varve/agent/trust/membership-file'
import type { ImageRow } from '@varve/protocol/images'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, waitFor } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'
import { toldJobs } from './told-jobs.ts'
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
  await fleet.host('late')
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
  const known = now.members.filter(({ name }) => name !== 'late')
  expect([now.fleet, now.pin, known]).toEqual([before.fleet, before.pin, before.members])
  expect((await fleet.api.fleet.hosts.query({})).rows.map(({ name }) => name)).toEqual(
    expect.arrayContaining(hosts.rows.map(({ name }) => name)),
  )
  expect(await stat(place.file('south/images/second.qcow2'), { bigint: true })).toMatchObject({
    ino: published.ino,
    mtimeNs: published.mtimeNs,
    size: published.size,
  })
  await ended(first, 'succeeded')

  // Who joined since is let in when a person says so.
  await fleet.until('late is noticed', async () => (await fleet.members('late')).length > 0)
  expect(await fleet.members('late')).toMatchObject([
    { state: 'stopped', reason: expect.stringContaining('since the backup') as string },
  ])
  await fleet.api.trust.allow.mutate({ name: 'late' })
  await fleet.state('late', 'connected')

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

/** Every value of a column, of members of its JSON that are called so where `member` is said. */
function valuesOf(data: string, [database, sql]: readonly [string, string]): string[] {
  const opened = new DatabaseSync(join(data, database), { readOnly: true })
  try {
    return opened
      .prepare(sql)
      .all()
      .flatMap((row) => Object.values(row))
      .filter((value) => typeof value === 'string')
  } finally {
    opened.close()
  }
}

test('a bundle for those who look for a fault has none of the secrets of a fleet that ran', async () => {
  const token = await fleet.token()
  const data = fleet.data('controller')
  const exportNames = toldJobs(data, 'export').flatMap((request) =>
    request.kind === 'export' ? [request.exportName] : [],
  )
  expect(exportNames.length).toBeGreaterThan(1)
  const keys = ['north', 'south'].map((host) => readMembership(fleet.data(host))?.key ?? '')
  const { key } = JSON.parse(await readFile(join(data, 'secrets.key'), 'utf8')) as { readonly key: string }
  // Of agents' keys the controller knows nothing: what is pasted of them is known by what stands around.
  const keyLines = keys.flatMap((pem) =>
    pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----')),
  )
  const own = [
    token,
    token.split('.').at(-1) ?? '',
    key,
    ...exportNames,
    ...valuesOf(data, ['inventory.sqlite', 'SELECT session FROM hosts']),
    ...valuesOf(data, ['inventory.sqlite', 'SELECT sealedKey, sealedHead FROM audit_state']),
    ...valuesOf(data, ['trust.sqlite', 'SELECT secretHash FROM join_tokens']),
    ...valuesOf(data, ['trust.sqlite', 'SELECT sealedKey FROM roots']),
    'four words that nobody guesses',
  ].filter((secret) => secret !== '')
  // What people paste into a log, and what a log has of itself.
  const pasted = own.map((secret) => (secret.includes(' ') ? `passphrase="${secret}"` : `seen ${secret}`))
  await writeFile(
    place.file('controller.log'),
    `${fleet.output('controller')}\n${pasted.join('\n')}\n${keys.join('\n')}`,
  )
  const to = place.file('support.tar.gz')
  const env = { VARVE_BACKUP_PASSPHRASE: 'four words that nobody guesses' }
  const args = [program, 'support', '--data', data, '--to', to, '--log', place.file('controller.log')]
  const { stdout } = await execa(process.execPath, args, { cwd: root, env })
  expect(stdout).toContain('without secrets')
  expect((await stat(to)).mode & 0o077).toBe(0)
  const text = gunzipSync(await readFile(to)).toString('latin1')
  for (const [index, secret] of [...own, ...keyLines].entries())
    expect([index, text.includes(secret)]).toEqual([index, false])
  for (const wanted of [
    '"north"',
    'web01',
    '"migrate"',
    'restored from a backup',
    '"listening"',
    '"varve": "',
  ])
    expect([wanted, text.includes(wanted)]).toEqual([wanted, true])
  const again = await execa(process.execPath, args, { cwd: root, env, reject: false })
  expect([again.exitCode, again.stderr]).toEqual([5, expect.stringContaining('there is a file of that name')])
})
