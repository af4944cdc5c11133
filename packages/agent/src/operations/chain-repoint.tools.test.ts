import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { checkFile } from '@varve/engine/images/check-file'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectFile } from '@varve/engine/images/inspect-file'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { madeKinds, makeChain } from '../testing/made-chains.ts'
import { openTestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal

async function digestOf(path: string): Promise<string> {
  return (await digestDisk({ kind: 'image', path, roots: null, format: null }, { workers: 1 })).digest
}

function asPlan(plan: Plan | Refusal): Plan {
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  return plan
}

/** The parent that programs find now. */
async function parentOf(path: string): Promise<string | undefined> {
  const { chain } = await inspectFile(path, { roots: null })
  return chain[1]?.path
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('chain repoint', () => {
  test.each(madeKinds)(
    '%s: the new parent is read, the guest is the same, undo gives back every byte',
    async (kind) => {
      await using place = await tempPlace()
      const { base, child, copy } = await makeChain(kind, place.path)
      if (kind === 'vdi') await giveOtherUuid(copy)
      await using host = openTestHost(place.path)
      const before = await readFile(child)
      const digest = await digestOf(child)
      const request = { image: child, parent: copy }
      const plan = asPlan(await host.plan('chain-repoint', request))
      expect(plan.steps.map(({ action }) => action)).toEqual(['prove-same-disk', 'repoint-parent'])
      const done = await host.runs.start({ plan, request, accepted: [] }, { stop })
      expect([done.phase, done.error?.message]).toEqual(['succeeded', undefined])
      if (kind !== 'parallels') expect(await parentOf(child)).toBe(copy)
      await rename(base, `${base}.away`)
      expect(await digestOf(child)).toBe(digest)
      const { report } = await checkFile(child, { roots: null })
      expect(report.findings.filter(({ kind: found }) => found === 'corruption')).toEqual([])
      await rename(`${base}.away`, base)
      const undone = await host.runs.undo(done.id, { stop })
      expect(undone.phase).toBe('undone')
      expect((await readFile(child)).equals(before)).toBe(true)
      expect((await readdir(dirname(child))).filter((name) => name.endsWith('.undo'))).toEqual([])
    },
  )

  test('qemu-img reads what was written', async () => {
    for (const kind of ['qcow2', 'qcow2 v2', 'vmdk', 'vmdk split'] as const) {
      await using place = await tempPlace()
      const { base, child, copy } = await makeChain(kind, place.path)
      await runRepoint(place.path, { image: child, parent: copy })
      await rm(base)
      const format = kind.split(' ')[0] ?? ''
      await runToolOk('qemu-io', [
        '-f',
        format,
        '-r',
        '-c',
        'read -P 1 2M 1M',
        '-c',
        'read -P 2 1M 64k',
        child,
      ])
    }
  })

  test('a parent of another content fails the proof, and nothing is written', async () => {
    await using place = await tempPlace()
    const { child, copy } = await makeChain('qcow2', place.path)
    await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 9 5M 64k', copy])
    const before = await readFile(child)
    await using host = openTestHost(place.path)
    const request = { image: child, parent: copy }
    const plan = asPlan(await host.plan('chain-repoint', request))
    const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
    expect([state.phase, state.error?.code]).toEqual(['failed', 'disks-differ'])
    expect((await readFile(child)).equals(before)).toBe(true)
  })

  test('a parent that is gone is replaced unproven, when that is accepted by name', async () => {
    await using place = await tempPlace()
    const { base, child, copy } = await makeChain('vmdk', place.path)
    await rm(base)
    await using host = openTestHost(place.path)
    const plan = asPlan(await host.plan('chain-repoint', { image: child, parent: copy }))
    expect(plan.steps.map(({ action }) => action)).toEqual(['repoint-parent'])
    expect(plan.warnings).toContainEqual(expect.objectContaining({ id: 'parent-unproven', asks: true }))
  })

  test('a file that only has the name of the parent is no proof of itself', async () => {
    await using place = await tempPlace()
    const [there, other] = [place.file('there'), place.file('other')]
    for (const folder of [there, other]) await mkdir(folder)
    const [base, beside] = [join(there, 'base.qcow2'), join(other, 'base.qcow2')]
    const child = join(other, 'child.qcow2')
    for (const path of [base, beside])
      await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', path, '8M'])
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', child])
    await rm(base)
    await using host = openTestHost(place.path)
    const plan = asPlan(await host.plan('chain-repoint', { image: child, parent: beside }))
    expect(plan.steps.map(({ action }) => action)).toEqual(['repoint-parent'])
    expect(plan.warnings).toContainEqual(expect.objectContaining({ id: 'parent-unproven', asks: true }))
  })

  test.each([
    ['an image without a parent', 'base', 'copy', 'refused'],
    ['itself', 'child', 'child', 'chain-loop'],
    ['a parent that is not there', 'child', 'gone', 'not-found'],
  ])('%s is refused', async (_, image, parent, code) => {
    await using place = await tempPlace()
    const made: Record<string, string> = {
      ...(await makeChain('qcow2', place.path)),
      gone: place.file('gone'),
    }
    await using host = openTestHost(place.path)
    const plan = await host.plan('chain-repoint', { image: made[image], parent: made[parent] })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: code }] })
  })

  test.each([
    'a "b" \'c\'.qcow2',
    'line\nbreak.qcow2',
    '-b.qcow2',
    'json:{}.qcow2',
    'nbd:x.qcow2',
    'ü漢.qcow2',
  ])('the name %j works', async (name) => {
    await using place = await tempPlace()
    const { base, child, copy } = await makeChain('qcow2', place.path)
    await rename(copy, place.file(name))
    await runRepoint(place.path, { image: child, parent: place.file(name) })
    await rm(base)
    expect(await parentOf(child)).toBe(place.file(name))
  })

  test('a name that a descriptor cannot hold is refused', async () => {
    await using place = await tempPlace()
    const { child, copy } = await makeChain('vmdk', place.path)
    await rename(copy, place.file('a"b.vmdk'))
    await using host = openTestHost(place.path)
    const plan = await host.plan('chain-repoint', { image: child, parent: place.file('a"b.vmdk') })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'refused' }] })
  })

  test('what was written to since is not undone', async () => {
    await using place = await tempPlace()
    const { child, copy } = await makeChain('qcow2', place.path)
    const done = await runRepoint(place.path, { image: child, parent: copy })
    const bytes = await readFile(child)
    bytes.fill(0x55, 8, 20)
    await writeFile(child, bytes)
    await using host = openTestHost(place.path)
    const state = await host.runs.undo(done.id, { stop })
    expect(state.undoFailures.map(({ error }) => error.code)).toEqual(['refused'])
    expect((await readFile(child)).equals(bytes)).toBe(true)
  })

  test('killed at every entry, it is resumed or undone', { timeout: 600_000 }, async () => {
    const walked = await walkKills({
      operation: 'chain-repoint',
      async prepare(folder) {
        const { child, copy } = await makeChain('vhd', folder)
        await writeFile(`${folder}/digest`, await digestOf(child))
        await writeFile(`${folder}/before`, await readFile(child))
        return { image: child, parent: copy }
      },
      async atAnyTime(folder) {
        expect(await digestOf(`${folder}/child.vhd`)).toBe(await readFile(`${folder}/digest`, 'utf8'))
      },
      async whenDone(folder) {
        expect(await parentOf(`${folder}/child.vhd`)).toMatch(/another place/u)
      },
      async whenUndone(folder) {
        const now = await readFile(`${folder}/child.vhd`)
        expect(now.equals(await readFile(`${folder}/before`))).toBe(true)
      },
    })
    expect(walked.resumed).toBeGreaterThanOrEqual(6)
    expect(walked.undone).toBeGreaterThanOrEqual(6)
  })
})

async function runRepoint(folder: string, request: { image: string; parent: string }) {
  await using host = openTestHost(folder)
  const plan = asPlan(await host.plan('chain-repoint', request))
  const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
  expect([state.phase, state.error?.message]).toEqual(['succeeded', undefined])
  return state
}

async function giveOtherUuid(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes.fill(0x77, 392, 408)
  await writeFile(path, bytes)
}
