import { access, copyFile, readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectFile } from '@varve/engine/images/inspect-file'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import type { RunState } from '@varve/operations/runs/run-state'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { makeChain } from '../testing/made-chains.ts'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal

async function digestOf(path: string): Promise<string> {
  return (await digestDisk({ kind: 'image', path, roots: null, format: null }, { workers: 1 })).digest
}

async function parentsOf(path: string): Promise<string[]> {
  const { chain } = await inspectFile(path, { roots: null })
  return chain.slice(1).map((link) => link.path)
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

const isThere = async (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

describe.skipIf(!requires('qemu-img', 'qemu-io'))('chain flatten, rebase, commit', () => {
  test.each(['qcow2', 'vmdk', 'vmdk split', 'vhd', 'vhdx', 'vdi'] as const)(
    '%s: flattened it stands alone with the same disk, and undo gives the original back',
    async (kind) => {
      await using place = await tempPlace()
      const { child } = await makeChain(kind, place.path)
      const [digest, before] = [await digestOf(child), await readFile(child)]
      await using host = openTestHost(place.path)
      const state = await carryOut(host, 'chain-flatten', { image: child })
      expect(await parentsOf(child)).toEqual([])
      expect(await digestOf(child)).toBe(digest)
      expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
      expect((await readFile(child)).equals(before)).toBe(true)
    },
  )

  test('rebased onto its grandparent it holds more, and the same disk', async () => {
    await using place = await tempPlace()
    const { base, child } = await makeChain('qcow2', place.path)
    const top = place.file('top.qcow2')
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', child, top])
    await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 3 4M 64k', top])
    const [digest, before] = [await digestOf(top), await readFile(top)]
    await using host = openTestHost(place.path)
    const state = await carryOut(host, 'chain-rebase', { image: top, parent: base })
    expect(await parentsOf(top)).toEqual([base])
    expect(await digestOf(top)).toBe(digest)
    await runToolOk('qemu-io', ['-f', 'qcow2', '-r', '-c', 'read -P 2 1M 64k', '-c', 'read -P 3 4M 64k', top])
    expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
    expect((await readFile(top)).equals(before)).toBe(true)
  })

  test('onto what stands on it, nothing is rebased', async () => {
    await using place = await tempPlace()
    const { base, child } = await makeChain('qcow2', place.path)
    await using host = openTestHost(place.path)
    const plan = await host.plan('chain-rebase', { image: base, parent: child })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'chain-loop' }] })
  })

  test('committed, the parent has its disk, and undo gives both back', async () => {
    await using place = await tempPlace()
    const { base, child } = await makeChain('qcow2', place.path)
    const [digest, ...before] = [await digestOf(child), await readFile(base), await readFile(child)]
    await using host = openTestHost(place.path)
    const state = await carryOut(host, 'chain-commit', { image: child })
    expect(await isThere(child)).toBe(false)
    expect(await digestOf(base)).toBe(digest)
    expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
    expect((await readFile(base)).equals(before[0] ?? Buffer.alloc(0))).toBe(true)
    expect((await readFile(child)).equals(before[1] ?? Buffer.alloc(0))).toBe(true)
  })

  test('into a parent that another image stands on nothing is committed, naming it', async () => {
    await using place = await tempPlace()
    const { base, child } = await makeChain('qcow2', place.path)
    const other = place.file('other.qcow2')
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', base, other])
    await using host = openTestHost(place.path)
    const plan = await host.plan('chain-commit', { image: child })
    expect(plan).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'has-dependents', details: { dependents: [other] } }],
    })
    // Its own disk stays what it is for those that stand on it.
    asPlan(await host.plan('chain-flatten', { image: other }))
  })

  test('an image without a parent, and one whose parent is gone, are refused', async () => {
    await using place = await tempPlace()
    const { base, child } = await makeChain('qcow2', place.path)
    await using host = openTestHost(place.path)
    expect(await host.plan('chain-flatten', { image: base })).toMatchObject({
      problems: [{ id: 'no-parent' }],
    })
    expect(await host.plan('chain-commit', { image: base })).toMatchObject({
      problems: [{ id: 'no-parent' }],
    })
    await runToolOk('mv', [base, place.file('gone')])
    const plan = await host.plan('chain-flatten', { image: child })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'parent-missing' }] })
  })

  test('internal snapshots that would be gone are asked for by name', async () => {
    await using place = await tempPlace()
    const { child } = await makeChain('qcow2', place.path)
    await runToolOk('qemu-img', ['snapshot', '-c', 'first', child])
    await using host = openTestHost(place.path)
    const plan = asPlan(await host.plan('chain-flatten', { image: child }))
    expect(plan.warnings).toContainEqual(expect.objectContaining({ id: 'snapshots-dropped', asks: true }))
  })

  test(
    'killed at entries of its journal, a commit goes on or gives both back',
    { timeout: 1_800_000 },
    async () => {
      await using made = await tempPlace()
      const { base, child } = await makeChain('qcow2', made.path)
      const [ofBase, ofChild] = [await digestOf(base), await digestOf(child)]
      const partsIn = async (folder: string) =>
        (await readdir(folder)).filter((name) => name.endsWith('.part'))
      const walked = await walkKills({
        operation: 'chain-commit',
        oneOf: 3,
        async prepare(folder) {
          for (const path of [base, child]) await copyFile(path, join(folder, basename(path)))
          return { image: join(folder, 'child.qcow2') }
        },
        async atAnyTime(folder) {
          expect([ofBase, ofChild]).toContain(await digestOf(`${folder}/base.qcow2`))
          if (await isThere(`${folder}/child.qcow2`))
            expect(await digestOf(`${folder}/child.qcow2`)).toBe(ofChild)
        },
        async whenDone(folder) {
          expect(await digestOf(`${folder}/base.qcow2`)).toBe(ofChild)
          expect(await isThere(`${folder}/child.qcow2`)).toBe(false)
          expect(await partsIn(folder)).toEqual([])
        },
        async whenUndone(folder) {
          expect(await digestOf(`${folder}/base.qcow2`)).toBe(ofBase)
          expect(await digestOf(`${folder}/child.qcow2`)).toBe(ofChild)
          expect(await partsIn(folder)).toEqual([])
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(3)
      expect(walked.undone).toBeGreaterThanOrEqual(3)
    },
  )
})
