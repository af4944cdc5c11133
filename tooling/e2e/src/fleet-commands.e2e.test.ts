import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fleet, root, waitFor } from './fleet.ts'

/** The commands that keep a fleet in order, as people type them, each with its text and its JSON. */
let place: TempPlace
let fleet: Fleet

/** A qcow2 overlay of version 3 with nothing but its header and an empty L1: 64 KiB that name `base.raw`. */
function overlay(): Buffer {
  const bytes = Buffer.alloc(4 * 65_536)
  bytes.write('QFI\u00FB', 'latin1')
  bytes.writeUInt32BE(3, 4)
  bytes.writeBigUInt64BE(512n, 8)
  bytes.writeUInt32BE(8, 16)
  bytes.writeUInt32BE(16, 20)
  bytes.writeBigUInt64BE(1_048_576n, 24)
  bytes.writeUInt32BE(1, 36)
  bytes.writeBigUInt64BE(3n * 65_536n, 40)
  bytes.writeBigUInt64BE(65_536n, 48)
  bytes.writeUInt32BE(1, 56)
  bytes.writeUInt32BE(4, 96)
  bytes.writeUInt32BE(104, 100)
  bytes.writeUInt32BE(0xe2_79_2a_ca, 104)
  bytes.writeUInt32BE(3, 108)
  bytes.write('raw', 112)
  bytes.write('base.raw', 512)
  bytes.writeBigUInt64BE(2n * 65_536n, 65_536)
  for (let cluster = 0; cluster < 4; cluster += 1) bytes.writeUInt16BE(1, 2 * 65_536 + 2 * cluster)
  return bytes
}

beforeAll(async () => {
  place = await tempPlace()
  fleet = await Fleet.start(place.file('fleet'))
  const library = fleet.library('north')
  await mkdir(join(library, 'vms'))
  await writeFile(join(library, 'blank.raw'), Buffer.alloc(1_048_576))
  await writeFile(join(library, 'noise.raw'), randomBytes(4 * 1_048_576))
  await writeFile(join(library, 'vms', 'overlay.img'), overlay())
  for (const name of ['blank.raw', 'noise.raw', 'vms/overlay.img']) await fleet.image('north', name)
})
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

const run = (...args: string[]) =>
  execa(process.execPath, [join(root, 'packages/cli/bin/varve.mjs'), ...args], {
    reject: false,
    stdin: 'ignore',
    env: { VARVE_CONTROLLER: fleet.url },
  })

async function json(...args: string[]): Promise<unknown> {
  const { stdout, exitCode } = await run(...args, '--json')
  return { exitCode, document: JSON.parse(stdout) as unknown }
}

test('images format: told, shown, taken back', async () => {
  expect((await run('images', 'format', 'north:vms/overlay.img', 'qcow2')).stdout).toBe(
    'Remembered: north:vms/overlay.img: qcow2.',
  )
  const told = { library: 'images', name: 'vms/overlay.img', scope: 'image', format: 'qcow2' }
  expect(await json('images', 'format', 'north')).toEqual({ exitCode: 0, document: [told] })
  await waitFor('the parent to be missed', async () => {
    const { rows } = await fleet.api.images.list.query({ name: 'vms/overlay.img' })
    return rows[0]?.format === 'qcow2' ? rows : null
  })
  expect((await run('images', 'format', 'north:vms/', 'raw')).stdout).toContain(
    'the images in north:vms/: raw',
  )
  expect((await run('images', 'format', 'north')).stdout).toMatch(/vms\/overlay\.img +qcow2/u)
  for (const what of ['north:vms/overlay.img', 'north:vms/'])
    expect((await run('images', 'format', what, 'auto')).exitCode).toBe(0)
  expect(await json('images', 'format', 'north')).toEqual({ exitCode: 0, document: [] })
})

test.each([
  [['images', 'format', 'nobody'], 4, 'no host of that name'],
  [['images', 'format', 'nobody:a.img', 'raw'], 4, 'no host of that name'],
  [['images', 'format', 'north:'], 2, 'is not HOST:NAME'],
  [['images', 'format', ':a.img', 'raw'], 2, 'is not HOST:NAME'],
  [['images', 'format', 'north:../x/', 'raw'], 2, 'a path inside the library is wanted'],
  [['images', 'format', 'north:/etc/', 'raw'], 2, 'a path inside the library is wanted'],
  [['images', 'format', 'north:blank.raw', 'foo'], 2, 'no format "foo"'],
  [['images', '--host', 'nobody'], 4, 'no host of that name'],
  [['hosts', '--forget', 'nobody'], 4, 'no host of that name'],
  [['hosts', '--forget', 'south'], 3, 'is connected, and would be back at once'],
  [['migrations', '1', '--clear', 'failed'], 2, '--clear takes no migration'],
  [['migrations', '1', '--cancel', '--forget'], 2, 'not both'],
  [['migrations', '--clear', 'running'], 2, '--clear takes'],
  [['migrations', '99', '--forget'], 4, 'no migration of that name'],
  [['migrate', 'north:blank.raw', 'south:a.raw', '--library', ''], 2, 'the name of a library is not empty'],
  [['leftovers', '/dev/null'], 4, 'it is not a folder'],
])('%j is exit code %i', async (args, exitCode, says) => {
  const said = await run(...args)
  expect(said.stderr).toContain(says)
  expect(said.exitCode).toBe(exitCode)
  expect(await json(...args)).toMatchObject({ exitCode, document: { error: {} } })
})

test('what needs a word is exit code 10, and names the word', async () => {
  const said = await run('migrate', 'north:noise.raw', 'south:noise.raw')
  expect(said.exitCode).toBe(10)
  expect(said.stderr).toContain('--accept raw-unrecognised')
  expect(await json('migrate', 'north:noise.raw', 'south:noise.raw')).toMatchObject({
    exitCode: 10,
    document: { error: { code: 'needs-consent', details: { ids: ['raw-unrecognised'] } } },
  })
  expect((await run('migrate', 'north:noise.raw', 'south:noise.raw', '--plan')).exitCode).toBe(0)
  const accepted = ['--accept', 'raw-unrecognised'] as const
  expect((await run('migrate', 'north:noise.raw', 'south:noise.raw', ...accepted)).exitCode).toBe(0)
})

test('an image that others may write to moves only by name, and not when it is written to', async () => {
  const file = join(fleet.library('north'), 'live.raw')
  await writeFile(file, Buffer.alloc(1_048_576))
  await fleet.image('north', 'live.raw')
  await using held = await open(file, 'r+')
  const moved = (...accept: string[]) => run('migrate', 'north:live.raw', 'south:live.raw', ...accept)
  const failed = await moved()
  expect(failed.exitCode).not.toBe(0)
  expect(failed.stdout + failed.stderr).toContain('has it open for writing')
  const asked = await moved('--accept', 'all')
  expect(asked.exitCode).toBe(10)
  expect(asked.stderr).toContain('--accept in-use')
  expect(await readdir(fleet.library('south'))).not.toContain('live.raw')
  const accepted = await moved('--accept', 'in-use')
  expect(`${accepted.exitCode} ${accepted.stderr}`).toMatch(/^0 /u)
  expect(await readdir(fleet.library('south'))).toContain('live.raw')
  await held.sync()
  expect((await run('migrations', '--clear', 'failed')).stdout).toContain('1 migration cleared')
})

test('migrations --forget and --clear, hosts --forget', async () => {
  for (const name of ['one.raw', 'two.raw', 'three.raw'])
    expect((await run('migrate', 'north:blank.raw', `south:${name}`)).exitCode).toBe(0)
  const numbers = (await fleet.api.migrations.list.query({})).map(({ number }) => number)
  expect((await run('migrations', String(numbers[0]), '--forget')).stdout).toBe(
    'Cleared. No image was touched.',
  )
  expect((await run('migrations', String(numbers[0]))).exitCode).toBe(4)
  expect((await run('migrations', '--clear', 'failed,canceled')).stdout).toBe('No migration ended like that.')
  expect(await json('migrations', '--clear', 'succeeded')).toEqual({
    exitCode: 0,
    document: { cleared: numbers.length - 1 },
  })
  expect(await json('migrations')).toEqual({ exitCode: 0, document: [] })
  await fleet.kill('south')
  const forgotten = await waitFor('south to be away', async () => {
    const said = await run('hosts', '--forget', 'south')
    return said.exitCode === 0 ? said.stdout : null
  })
  expect(forgotten).toBe('south is forgotten; its files were not touched.')
  expect((await run('hosts')).stdout).not.toContain('south')
  expect((await run('images', '--host', 'south')).exitCode).toBe(4)
  expect(await readdir(fleet.library('south'))).toContain('one.raw')
})

test('a command that is stopped names its target; one that is killed is a run that can be given up', async () => {
  const folder = place.file('converted')
  await mkdir(folder)
  const source = place.file('big.raw')
  await writeFile(source, randomBytes(256 * 1_048_576))
  const start = () => {
    const child = run('convert', source, join(folder, 'big.qcow2'), '--accept', 'raw-unrecognised')
    const begun = waitFor('the part file', async () =>
      (await readdir(folder)).some((name) => name.endsWith('.part')) ? true : null,
    )
    return { child, begun }
  }
  for (const signal of ['SIGINT', 'SIGHUP'] as const) {
    const { child, begun } = start()
    await begun
    child.kill(signal)
    const said = await child
    expect(said.exitCode).toBe(130)
    expect(said.stderr).toContain(`"${join(folder, 'big.qcow2')}": the command was canceled`)
    expect(await readdir(folder)).toEqual([])
  }
  const { child, begun } = start()
  await begun
  child.kill('SIGKILL')
  await child
  const [id = ''] = /(?<=of run )\w+/u.exec((await run('leftovers', folder)).stdout) ?? []
  expect(await json('leftovers', folder, '--remove')).toMatchObject({
    exitCode: 0,
    document: { leftovers: [{ kind: 'run', state: 'run', run: id, removed: false, visible: [] }] },
  })
  expect(await run('runs', id)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('cut off') })
  expect(await run('runs', id, '--cancel')).toMatchObject({ exitCode: 0 })
  expect(await readdir(folder)).toEqual([])
  expect((await run('leftovers', folder)).stdout).toBe('Nothing was left.')
})
