import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { checkFile } from '@varve/engine/images/check-file'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectFile } from '@varve/engine/images/inspect-file'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import type { RunState } from '@varve/operations/runs/run-state'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal

async function digestOf(path: string): Promise<string> {
  return (await digestDisk({ kind: 'image', path, roots: null, format: null }, { workers: 1 })).digest
}

async function namesOf(path: string): Promise<string[]> {
  return (await inspectFile(path, { roots: null })).snapshots.map(({ name }) => name)
}

async function assertSound(path: string): Promise<void> {
  const { report } = await checkFile(path, { roots: null })
  expect([report.isComplete, report.totals.corruptions]).toEqual([true, 0])
}

/** A disk that says 1 in the snapshot `first`, and 2 now. */
async function makeImage(path: string): Promise<string> {
  await runToolOk('qemu-img', ['create', '-f', 'qcow2', path, '4M'])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 1 0 1M', path])
  await runToolOk('qemu-img', ['snapshot', '-c', 'first', path])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 2 0 1M', path])
  return path
}

function asPlan(plan: Plan | Refusal): Plan {
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  return plan
}

async function carryOut(host: TestHost, operation: string, request: unknown): Promise<RunState> {
  const plan = asPlan(await host.plan(operation, request))
  const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
  expect([state.phase, state.error?.message]).toEqual(['succeeded', undefined])
  return state
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('snapshots inside a qcow2', () => {
  test('one is created, applied with the state from before kept, undone, and deleted', async () => {
    await using place = await tempPlace()
    const image = await makeImage(place.file('-a,b "c".qcow2'))
    const now = await digestOf(image)
    await using host = openTestHost(place.path)
    const created = await carryOut(host, 'snapshot-create', { image, name: "-x'y\n," })
    expect(await namesOf(image)).toEqual(['first', "-x'y\n,"])
    expect((await host.runs.undo(created.id, { stop })).phase).toBe('undone')
    expect(await namesOf(image)).toEqual(['first'])

    const applied = await carryOut(host, 'snapshot-apply', { image, name: 'first' })
    expect(await digestOf(image)).not.toBe(now)
    expect(await namesOf(image)).toEqual(['first', expect.stringMatching(/^varve-before-/u)])
    expect((await host.runs.undo(applied.id, { stop })).phase).toBe('undone')
    expect(await digestOf(image)).toBe(now)
    expect(await namesOf(image)).toEqual(['first'])

    const plan = asPlan(await host.plan('snapshot-delete', { image, name: 'first' }))
    expect(plan.warnings).toEqual([expect.objectContaining({ id: 'snapshot-lost', asks: true })])
    const deleted = await carryOut(host, 'snapshot-delete', { image, name: 'first' })
    expect(await namesOf(image)).toEqual([])
    await expect(host.runs.undo(deleted.id, { stop })).rejects.toMatchObject({ code: 'refused' })
    expect(await digestOf(image)).toBe(now)
    await assertSound(image)
  })

  test.each([
    ['snapshot-create', 'first', 'snapshot-exists'],
    ['snapshot-create', '1', 'snapshot-exists'],
    ['snapshot-create', '', 'snapshot-name'],
    ['snapshot-create', 'x'.repeat(256), 'snapshot-name'],
    ['snapshot-apply', 'second', 'snapshot-missing'],
    ['snapshot-delete', 'second', 'snapshot-missing'],
  ])('%s of %j is refused: %s', async (operation, name, id) => {
    await using place = await tempPlace()
    const image = await makeImage(place.file('a.qcow2'))
    const before = await readFile(image)
    await using host = openTestHost(place.path)
    const plan = await host.plan(operation, { image, name })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id }] })
    expect((await readFile(image)).equals(before)).toBe(true)
  })

  test('a name that is another one’s id is not taken by chance', async () => {
    await using place = await tempPlace()
    const image = await makeImage(place.file('a.qcow2'))
    for (const name of ['3', 'x']) await runToolOk('qemu-img', ['snapshot', '-c', name, image])
    await using host = openTestHost(place.path)
    const plan = await host.plan('snapshot-apply', { image, name: '3' })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'snapshot-ambiguous' }] })
  })

  test('of a raw image they are files beside it: one is applied, undone, and deleted into quarantine', async () => {
    await using place = await tempPlace()
    const image = place.file('a.raw')
    const snapshot = `${image}@before`
    await writeFile(image, Buffer.alloc(2 ** 20, 1))
    await writeFile(snapshot, Buffer.alloc(2 ** 20, 2))
    await using host = openTestHost(place.path)
    const applied = await carryOut(host, 'snapshot-apply', { image, name: 'before' })
    expect((await readFile(image)).equals(Buffer.alloc(2 ** 20, 2))).toBe(true)
    expect((await readFile(snapshot)).equals(Buffer.alloc(2 ** 20, 2))).toBe(true)
    expect((await host.runs.undo(applied.id, { stop })).phase).toBe('undone')
    expect((await readFile(image)).equals(Buffer.alloc(2 ** 20, 1))).toBe(true)
    expect(await host.plan('snapshot-apply', { image, name: 'other' })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'snapshot-missing', remedy: expect.stringContaining('"before"') }],
    })
    const deleted = await carryOut(host, 'snapshot-delete', { image, name: 'before' })
    await expect(readFile(snapshot)).rejects.toMatchObject({ code: 'ENOENT' })
    await host.runs.undo(deleted.id, { stop })
    expect((await readFile(snapshot)).length).toBe(2 ** 20)
  })

  test('a snapshot of a raw image that an overlay lies on is not deleted', async () => {
    await using place = await tempPlace()
    const image = place.file('a.raw')
    for (const file of [image, `${image}@before`]) await writeFile(file, Buffer.alloc(2 ** 20, 1))
    const options = ['-b', `${image}@before`, '-F', 'raw']
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', ...options, place.file('top.qcow2')])
    await using host = openTestHost(place.path)
    expect(await host.plan('snapshot-delete', { image, name: 'before' })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'has-dependents' }],
    })
  })

  test('of another format it is refused, with the way that there is', async () => {
    await using place = await tempPlace()
    const image = place.file('a.vmdk')
    await runToolOk('qemu-img', ['create', '-f', 'vmdk', image, '4M'])
    await using host = openTestHost(place.path)
    const plan = await host.plan('snapshot-create', { image, name: 'x' })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'no-internal-snapshots' }] })
  })

  test('while a machine has it open nothing is planned', async () => {
    await using place = await tempPlace()
    const image = await makeImage(place.file('a.qcow2'))
    await using host = openTestHost(place.path)
    const busy = runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'sleep 4000', image])
    await new Promise((resolve) => {
      setTimeout(resolve, 1000)
    })
    const plan = await host.plan('snapshot-create', { image, name: 'x' })
    await busy
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'in-use' }] })
  })

  test('an external one is an overlay of the same disk, and undo takes it away', async () => {
    await using place = await tempPlace()
    const image = await makeImage(place.file('a.qcow2'))
    const before = await readFile(image)
    await using host = openTestHost(place.path)
    const request = { image, name: 'next', kind: 'external' }
    const state = await carryOut(host, 'snapshot-create', request)
    const overlay = place.file('next.qcow2')
    expect(await digestOf(overlay)).toBe(await digestOf(image))
    const { chain } = await inspectFile(overlay, { roots: null })
    expect(chain.map(({ path }) => path)).toEqual([overlay, image])
    expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
    await expect(readFile(overlay)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await readFile(image)).equals(before)).toBe(true)
  })

  test('killed at every entry, an apply goes on or is undone', { timeout: 1_800_000 }, async () => {
    await using made = await tempPlace()
    const image = await makeImage(made.file('a.qcow2'))
    const first = made.file('first.raw')
    await runToolOk('qemu-img', ['convert', '-l', 'snapshot.name=first', '-O', 'raw', image, first])
    const [ofNow, ofFirst] = [await digestOf(image), await digestOf(first)]
    const walked = await walkKills({
      operation: 'snapshot-apply',
      async prepare(folder) {
        await copyFile(image, `${folder}/a.qcow2`)
        return { image: `${folder}/a.qcow2`, name: 'first' }
      },
      async atAnyTime(folder) {
        expect([ofNow, ofFirst]).toContain(await digestOf(`${folder}/a.qcow2`))
        await assertSound(`${folder}/a.qcow2`)
      },
      async whenDone(folder) {
        expect(await digestOf(`${folder}/a.qcow2`)).toBe(ofFirst)
        expect(await namesOf(`${folder}/a.qcow2`)).toHaveLength(2)
      },
      async whenUndone(folder) {
        expect(await digestOf(`${folder}/a.qcow2`)).toBe(ofNow)
        expect(await namesOf(`${folder}/a.qcow2`)).toEqual(['first'])
        await assertSound(`${folder}/a.qcow2`)
      },
    })
    expect(walked.resumed).toBeGreaterThanOrEqual(8)
    expect(walked.undone).toBeGreaterThanOrEqual(6)
  })
})
