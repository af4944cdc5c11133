import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import type { RunView } from '@varve/protocol/runs'
import type { ScheduleView } from '@varve/protocol/schedules'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fleet, root, waitFor } from './fleet.ts'

const MiB = 1024 ** 2

type Host = 'north' | 'south'

let place: TempPlace
let fleet: Fleet

beforeAll(async () => {
  place = await tempPlace()
  fleet = await Fleet.start(place.file('fleet'))
})
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

const path = (host: Host, name: string) => join(fleet.library(host), name)

async function write(host: Host, name: string, bytes: number): Promise<void> {
  await writeFile(path(host, name), Buffer.concat([Buffer.alloc(4 * MiB), randomBytes(bytes - 4 * MiB)]))
  await fleet.image(host, name)
}

async function varve(args: readonly string[], state = place.file('state')) {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(root, 'packages/cli/bin/varve.mjs'), ...args],
    { reject: false, stdin: 'ignore', env: { VARVE_CONTROLLER: fleet.url, VARVE_STATE: state } },
  )
  return { exitCode, stdout, stderr }
}

async function json(...args: readonly string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await varve([...args, '--json'])
  if (exitCode !== 0) throw new Error(stderr || stdout)
  return JSON.parse(stdout)
}

/** Its agent keeps a manifest of the image since two days, and the controller was not told. */
async function keep(host: Host, name: string): Promise<void> {
  const state = join(fleet.folder, host, 'agent')
  const words = ['verify', path(host, name), '--keep', '--accept', 'raw-unrecognised']
  expect(await varve(words, state)).toMatchObject({ exitCode: 0 })
  for (const file of await readdir(join(state, 'proofs'))) {
    const bytes = await readFile(join(state, 'proofs', file))
    const end = bytes.indexOf('\n')
    const provenAt = new Date(Date.now() - 2 * 86_400_000).toISOString()
    const proof = { ...JSON.parse(bytes.subarray(0, end).toString()), provenAt }
    const line = Buffer.from(JSON.stringify(proof))
    await writeFile(join(state, 'proofs', file), Buffer.concat([line, bytes.subarray(end)]))
  }
}

async function flipByte(host: Host, name: string, at: number): Promise<void> {
  await using file = await open(path(host, name), 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, at)
  await file.write(Buffer.from([~(byte[0] ?? 0) & 0xff]), 0, 1, at)
}

async function scheduledOn(host: Host): Promise<RunView[]> {
  const runs = await fleet.api.runs.list.query({ host, operation: 'verify' })
  return runs.filter(({ askedBy }) => askedBy === 'schedule')
}

async function problems(name: string) {
  const { id } = await fleet.image('north', name)
  return (await fleet.api.images.get.query({ id })).report.problems
}

/** The schedule of the host once it has verified its images. */
async function verified(host: Host): Promise<ScheduleView> {
  return await waitFor(`all images of ${host} verified`, async () => {
    const [view] = (await fleet.api.schedules.list.query({ host })).rows
    return view?.state === 'idle' && view.withoutManifest !== null && view.lastAt !== null ? view : null
  })
}

test('a schedule finds the byte that was flipped and names its chunk, until it is equal again', async () => {
  for (const name of ['noise.raw', 'other.raw', 'unknown.raw']) await write('north', name, 12 * MiB)
  await keep('north', 'noise.raw')
  await keep('north', 'other.raw')
  await flipByte('north', 'noise.raw', 6 * MiB)
  expect(await json('schedule', 'set', 'north:images', '--every', '1d')).toMatchObject({
    host: 'north',
    library: 'images',
    everySeconds: 86_400,
  })
  const done = await verified('north')
  expect(done).toMatchObject({
    images: 3,
    withoutManifest: 1,
    due: 0,
    changed: 1,
    failed: null,
    problem: null,
  })
  expect(Date.parse(done.nextAt ?? '') - Date.parse(done.lastAt ?? '')).toBeLessThanOrEqual(86_400_000)
  expect((await scheduledOn('north')).map(({ state }) => state)).toEqual(['succeeded', 'succeeded'])
  expect((await problems('noise.raw'))[0]).toMatchObject({
    id: 'content-changed',
    severity: 'block',
    layer: 'L3',
    details: { differing: 1, chunks: [1], filesChanged: [path('north', 'noise.raw')] },
  })
  expect((await fleet.image('north', 'noise.raw')).findings.block).toBe(1)
  expect((await fleet.image('north', 'other.raw')).findings.block).toBe(0)
  const activity = await fleet.api.events.activity.query({})
  expect(activity.map(({ title }) => title)).toContainEqual(
    expect.stringMatching(/noise\.raw: its disk is not what it was at .*: 1 chunk of 4 MiB differs \(1\)/u),
  )
  // Whoever verifies it next and finds it equal takes the finding away.
  await flipByte('north', 'noise.raw', 6 * MiB)
  const again = ['verify', 'noise.raw', '--host', 'north', '--accept', 'raw-unrecognised']
  expect(await varve(again)).toMatchObject({ exitCode: 0 })
  expect((await problems('noise.raw')).map(({ id }) => id)).not.toContain('content-changed')
  expect((await fleet.image('north', 'noise.raw')).findings.block).toBe(0)
})

test('a host is waited for; a controller that is killed meanwhile runs each image once', async () => {
  for (const name of ['one.raw', 'two.raw']) {
    await write('south', name, 192 * MiB)
    await keep('south', name)
  }
  await fleet.kill('south')
  await waitFor('south to be away', async () => {
    const { state } = await fleet.api.fleet.host.query({ name: 'south' })
    return state === 'offline' ? true : null
  })
  await json('schedule', 'set', 'south:images', '--every', '1h')
  expect((await varve(['schedule'])).stdout).toMatch(/south:images +every hour/u)
  await fleet.run('south')
  await waitFor('a run that begins', async () => ((await scheduledOn('south')).length > 0 ? true : null))
  await fleet.kill('controller')
  await fleet.run('controller')
  expect(await verified('south')).toMatchObject({ images: 2, withoutManifest: 0, changed: 0, failed: null })
  const runs = await waitFor('both runs', async () => {
    const all = await scheduledOn('south')
    return all.length > 1 ? all : null
  })
  expect(runs.map(({ state, summary }) => `${summary}: ${state}`).sort()).toEqual([
    'Prove one.raw again: succeeded',
    'Prove two.raw again: succeeded',
  ])
})

test('schedule: wrong places, times and windows are said', async () => {
  expect(await varve(['schedule', 'set', 'north', '--every', '1d'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('is not HOST:LIBRARY'),
  })
  expect(await varve(['schedule', 'set', 'north:other', '--every', '1d'])).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining('It has: images.'),
  })
  const set = ['schedule', 'set', 'north:images', '--every', '1.5h', '--window', '22:00-06:00', '--off']
  const said = await varve([...set, '--controller', fleet.url])
  expect(said.stdout).toMatch(/every 90 minutes, from 22:00 to 06:00 +off/u)
  expect(await json('schedule', 'remove', 'north:images')).toEqual({
    removed: { host: 'north', library: 'images' },
  })
  expect((await varve(['schedule'])).stdout).not.toContain('north')
  expect((await varve(['schedule', 'remove', 'north:images'])).stderr).toContain('no schedule of that name')
})
