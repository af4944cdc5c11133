import { copyFile, cp, mkdir, open, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const image = (folder: string) => join(folder, 'lib', "it's a disk.qcow2")
const backup = (folder: string) => join(folder, 'lib', 'undo.json')

/** A qcow2 with 1.3 MiB of data and three clusters that nothing uses. */
async function plantLeaky(folder: string): Promise<void> {
  const path = image(folder)
  await mkdir(join(folder, 'lib'), { recursive: true })
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', path, '16M'])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 3 0 1M', '-c', 'write -q -P 4 9M 300k', path])
  const bytes = await readFile(path)
  const block = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(48))))
  const clusters = Math.ceil(bytes.length / 65_536)
  for (const at of [0, 1, 2]) bytes.writeUInt16BE(1, block + (clusters + at) * 2)
  await writeFile(path, bytes)
  await truncate(path, (clusters + 3) * 65_536)
  await copyFile(path, join(folder, 'as-it-was'))
}

/** Two entries of its L2 table name one cluster: a corruption that only `-r all` touches. */
async function plantCorrupt(folder: string): Promise<void> {
  await plantLeaky(folder)
  await using file = await open(image(folder), 'r+')
  const bytes = await readFile(image(folder))
  const l1 = Number(bytes.readBigUInt64BE(40))
  const l2 = Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n)
  await file.write(bytes.subarray(l2, l2 + 8), 0, 8, l2 + 8)
  await copyFile(image(folder), join(folder, 'as-it-was'))
}

async function isAsItWas(folder: string): Promise<boolean> {
  const [now, then] = [await readFile(image(folder)), await readFile(join(folder, 'as-it-was'))]
  return now.equals(then)
}

async function diskOf(path: string): Promise<string> {
  return (await digestDisk({ kind: 'image', path, roots: null, format: 'qcow2' }, { inUse: 'accept' })).digest
}

/** The guest sees the same disk, repaired or not. */
async function assertWhole(folder: string): Promise<void> {
  expect(await diskOf(image(folder))).toBe(await diskOf(join(folder, 'as-it-was')))
}

async function assertRepaired(folder: string): Promise<void> {
  await assertWhole(folder)
  expect((await runTool('qemu-img', ['check', '-q', '-f', 'qcow2', image(folder)])).exitCode).toBe(0)
  expect((await readdir(join(folder, 'lib'))).filter((name) => name.endsWith('.part'))).toEqual([])
}

async function assertUndone(folder: string): Promise<void> {
  expect(await isAsItWas(folder)).toBe(true)
  expect((await readdir(join(folder, 'lib'))).filter((name) => name.endsWith('.part'))).toEqual([])
}

async function run(host: TestHost, request: unknown, accepted: readonly string[] = []) {
  const plan = await host.plan('repair', request)
  if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
  return await host.runs.start({ plan, request, accepted: [...accepted] }, { stop })
}

const own = (folder: string) => ({ image: { path: image(folder) }, backup: backup(folder) })
const tool = (folder: string, what = 'leaks') => ({ image: { path: image(folder) }, by: 'qemu-img', what })

describe.skipIf(!requires('qemu-img', 'qemu-io'))('a repair', () => {
  test.each([
    ['in place', own],
    ['with qemu-img', tool],
  ])('%s: done, then undone', async (_how, requestOf) => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plantLeaky(place.path)
    const done = await run(host, requestOf(place.path))
    expect(done.error).toBeNull()
    expect(done.phase).toBe('succeeded')
    await assertRepaired(place.path)
    expect((await host.runs.undo(done.id, { stop })).phase).toBe('undone')
    await assertUndone(place.path)
  })

  test('of corruption: refused by Varve, done by qemu-img when its word is given; what is left corrupt changes nothing', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plantCorrupt(place.path)
    expect(await host.plan('repair', own(place.path))).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'refused' }],
    })
    const leaksOnly = await run(host, tool(place.path))
    expect(leaksOnly).toMatchObject({
      phase: 'failed',
      error: { code: 'corrupt', layer: 'L2', file: image(place.path) },
    })
    await assertUndone(place.path)
    const plan = await host.plan('repair', tool(place.path, 'all'))
    expect(plan).toMatchObject({ kind: 'plan', warnings: [{ id: 'repair-changes-disk', asks: true }] })
    const done = await run(host, tool(place.path, 'all'), ['repair-changes-disk'])
    expect(done.phase).toBe('succeeded')
    expect((await runTool('qemu-img', ['check', '-q', '-f', 'qcow2', image(place.path)])).exitCode).toBe(0)
    expect((await host.runs.undo(done.id, { stop })).phase).toBe('undone')
    await assertUndone(place.path)
  })

  test('of an image that changed since the plan does nothing', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plantLeaky(place.path)
    const plan = await host.plan('repair', own(place.path))
    if (plan.kind === 'refusal') throw new Error('refused')
    await runToolOk('qemu-img', ['check', '-q', '-r', 'leaks', '-f', 'qcow2', image(place.path)]).catch(
      () => '',
    )
    await copyFile(image(place.path), join(place.path, 'as-it-was'))
    const state = await host.runs.start({ plan, request: own(place.path), accepted: [] }, { stop })
    expect(state).toMatchObject({ phase: 'failed', error: { code: 'source-changed' } })
    await assertUndone(place.path)
    expect(await readdir(join(place.path, 'lib'))).toEqual(["it's a disk.qcow2"])
  })

  test('an undo file that is there is not replaced; one that is written to since is not undone', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plantLeaky(place.path)
    await writeFile(backup(place.path), 'precious')
    expect(await host.plan('repair', own(place.path))).toMatchObject({ problems: [{ id: 'target-exists' }] })
    const request = { ...own(place.path), backup: join(place.path, 'lib', 'other.json') }
    const done = await run(host, request)
    await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 9 12M 2M', image(place.path)])
    const now = await readFile(image(place.path))
    const undone = await host.runs.undo(done.id, { stop })
    expect(undone.undoFailures).toMatchObject([{ step: 'repair', error: { code: 'refused' } }])
    expect((await readFile(image(place.path))).equals(now)).toBe(true)
    expect(await readFile(backup(place.path), 'utf8')).toBe('precious')
  })

  test('outside the libraries, also by a link, nothing is read or written', async () => {
    await using place = await tempPlace()
    await plantLeaky(place.path)
    await mkdir(join(place.path, 'other'))
    await using host = openTestHost(place.path, { roots: [join(place.path, 'other')] })
    await symlink(image(place.path), join(place.path, 'other', 'link.qcow2'))
    for (const path of [image(place.path), join(place.path, 'other', 'link.qcow2')])
      await expect(
        host.plan('repair', { image: { path }, backup: join(place.path, 'other', 'u') }),
      ).rejects.toMatchObject({ code: 'outside-library' })
    await assertUndone(place.path)
  })

  test.each([
    ['in place', own, 4],
    ['with qemu-img', tool, 8],
  ] as const)(
    '%s: killed at any entry of its journal it goes on, or is undone',
    async (_how, requestOf, least) => {
      await using template = await tempPlace()
      await plantLeaky(template.path)
      const walked = await walkKills({
        operation: 'repair',
        async prepare(folder) {
          await cp(template.path, folder, { recursive: true })
          return requestOf(folder)
        },
        atAnyTime: assertWhole,
        whenDone: assertRepaired,
        whenUndone: assertUndone,
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(least)
      expect(walked.undone).toBeGreaterThanOrEqual(least)
    },
    600_000,
  )
})
