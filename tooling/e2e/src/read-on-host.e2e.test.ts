import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fleet, root } from './fleet.ts'

/** What the command only reads, of the images of another host: the same answers as of this one. */
let place: TempPlace
let fleet: Fleet

const names = ['blank.raw', 'noise.raw', 'cut.qcow2']

beforeAll(async () => {
  place = await tempPlace()
  fleet = await Fleet.start(place.file('fleet'))
  const library = fleet.library('north')
  await writeFile(join(library, 'blank.raw'), Buffer.alloc(1_048_576))
  await writeFile(join(library, 'noise.raw'), Buffer.concat([Buffer.alloc(524_288), randomBytes(524_288)]))
  await writeFile(join(library, 'cut.qcow2'), Buffer.from('QFI\u00FB', 'latin1'))
  for (const name of names) await fleet.image('north', name)
})
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

async function run(...args: readonly string[]) {
  return await execa(process.execPath, [join(root, 'packages/cli/bin/varve.mjs'), ...args], {
    reject: false,
    stdin: 'ignore',
    env: { VARVE_CONTROLLER: fleet.url, VARVE_STATE: place.file('state') },
  })
}

async function varve(...args: readonly string[]) {
  const { exitCode, stdout } = await run(...args, '--json')
  return { exitCode, document: JSON.parse(stdout) as unknown }
}

/** How much is free changes from one moment to the next. */
function stable(document: unknown): unknown {
  const text = JSON.stringify(document)
    .replaceAll(/"free":\d+/gu, '"free":0')
    .replaceAll(/[\d.]+ [KMGT]iB free/gu, 'free')
  return JSON.parse(text) as unknown
}

const there = (...args: readonly string[]) => varve(...args, '--host', 'north')

test('info, check, snapshot list and chain show say there what they say here', async () => {
  const path = (name: string) => join(fleet.library('north'), name)
  const compared: readonly (readonly string[])[] = [
    ['info', 'blank.raw'],
    ['info', 'cut.qcow2'],
    ['check', 'noise.raw'],
    ['snapshot', 'list', 'blank.raw'],
    ['chain', 'show', 'blank.raw'],
  ]
  for (const words of compared) {
    const [said, here] = [await there(...words), await varve(...words.slice(0, -1), path(words.at(-1) ?? ''))]
    expect({ words, exitCode: said.exitCode }).toEqual({ words, exitCode: here.exitCode })
    expect(stable(said.document)).toEqual(stable(here.document))
  }
})

test('the plan of a reading is that of the other host, and nothing runs there', async () => {
  const folder = fleet.library('north')
  const before = await varve('runs', '--fleet')
  const planned: readonly (readonly [operation: string, layer: string, words: readonly string[]])[] = [
    ['info', 'all', ['snapshot', 'list', 'blank.raw']],
    ['chain-show', 'L2', ['chain', 'show', 'blank.raw']],
    ['doctor', 'all', ['doctor', folder]],
    ['serve', 'L3', ['serve', 'noise.raw', '-f', 'raw']],
    ['verify', 'L3', ['verify', 'noise.raw', '-f', 'raw']],
    ['quarantine', 'L1', ['quarantine']],
  ]
  for (const [operation, layer, words] of planned)
    expect(await there(...words, '--plan', '--yes')).toMatchObject({
      exitCode: 0,
      document: { kind: 'plan', operation, steps: [{ layer, host: 'north' }] },
    })
  const { stdout } = await run('chain', 'show', 'blank.raw', '--script', '--host', 'north')
  expect(stdout).toContain(join(folder, 'blank.raw'))
  expect(await execa('sh', ['-n'], { input: stdout })).toMatchObject({ stderr: '' })
  expect(await varve('runs', '--fleet')).toEqual(before)
})

test('compare --layers and doctor name what is there', async () => {
  const compared = await there(
    'compare',
    'blank.raw',
    'noise.raw',
    '--layers',
    '--accept',
    'raw-unrecognised',
  )
  expect(compared).toMatchObject({
    exitCode: 1,
    document: {
      identical: false,
      virtualSizes: [1_048_576, 1_048_576],
      chunks: 1,
      ranges: [{ start: 0 }],
      layers: [],
    },
  })
  const told = await there('doctor', fleet.library('north'), '--old', '0')
  expect(told).toMatchObject({ document: { folder: fleet.library('north'), findings: expect.any(Array) } })
  expect(await there('doctor', '.', '--old', '0')).toMatchObject({
    document: { folder: fleet.library('north') },
  })
  const outside = await there('doctor', place.path)
  expect(outside.exitCode).not.toBe(0)
  expect(outside.document).toMatchObject({ error: { code: 'outside-library' } })
})

test('doctor --fix mends on the other host what an operation mends, and tells what died there', async () => {
  const folder = join(fleet.library('north'), 'sick')
  await mkdir(folder)
  await varve('create', join(folder, 'web.qcow2'), '--size', '1M')
  await rename(join(folder, 'web.qcow2'), join(folder, 'web.vmdk'))
  const staged = join(folder, '.left.raw.00000000000b.part')
  await writeFile(staged, 'x')
  await utimes(staged, 0, 0)
  const idsOf = ({ document }: { readonly document: unknown }) =>
    (document as { readonly findings: readonly { readonly id: string }[] }).findings.map(({ id }) => id)
  expect(idsOf(await there('doctor', folder))).toEqual(['wrong-ending', 'leftover'])
  expect(await there('doctor', folder, '--fix')).toMatchObject({
    exitCode: 10,
    document: { error: { code: 'needs-consent' } },
  })
  expect(await there('doctor', folder, '--fix', '--plan')).toMatchObject({
    exitCode: 1,
    document: { mended: [{ id: 'wrong-ending', became: 'planned', result: { kind: 'plan' } }] },
  })
  expect((await readdir(folder)).toSorted()).toEqual(['.left.raw.00000000000b.part', 'web.vmdk'])
  expect(await there('doctor', folder, '--fix', '--yes')).toMatchObject({
    exitCode: 1,
    document: { mended: [{ id: 'wrong-ending', became: 'mended', result: { state: 'succeeded' } }] },
  })
  expect((await readdir(folder)).toSorted()).toEqual(['.left.raw.00000000000b.part', 'web.qcow2'])
  expect(idsOf(await there('doctor', folder))).toEqual(['leftover'])
})

test('what lies in its quarantine is listed, by the id that delete gave', async () => {
  await varve('create', join(fleet.library('north'), 'old.qcow2'), '--size', '1M')
  const gone = await there('delete', 'old.qcow2', '--yes')
  expect(gone.exitCode).toBe(0)
  const { document } = await there('quarantine')
  expect(document).toMatchObject([{ why: 'deleted', image: join(fleet.library('north'), 'old.qcow2') }])
  const [{ id }] = document as readonly [{ readonly id: string }]
  expect((await there('restore', id)).exitCode).toBe(0)
  expect(await there('quarantine')).toMatchObject({ exitCode: 0, document: [] })
})

test('an agent reads no NBD exports', async () => {
  const said = await there('digest', 'nbd://127.0.0.1:1/x')
  expect(JSON.stringify(said.document)).toContain('agents read the images of their libraries only')
  expect(said.exitCode).toBe(3)
})

test('serve: a disk of another host until it is undone', async () => {
  const served = await there(
    'serve',
    'noise.raw',
    '--accept',
    'raw-unrecognised',
    '--expires',
    '10m',
    '--detach',
  )
  expect(served).toMatchObject({
    exitCode: 0,
    document: { on: 'north', virtualSize: 1_048_576, readOnly: true, until: expect.any(String) },
  })
  const { uri, run } = served.document as { readonly uri: string; readonly run: number }
  // Its agent is on this machine.
  const same = await varve('compare', uri, join(fleet.library('north'), 'noise.raw'))
  expect(same).toMatchObject({ exitCode: 0, document: { identical: true } })
  expect((await varve('runs', String(run), '--fleet', '--undo')).exitCode).toBe(0)
  const after = await varve('digest', uri)
  expect(after).toMatchObject({ exitCode: 7, document: { error: { code: 'nbd-failed' } } })
})
