import { access, mkdir } from 'node:fs/promises'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectFile } from '@varve/engine/images/inspect-file'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import type { RunState } from '@varve/operations/runs/run-state'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { makeChain } from '../testing/made-chains.ts'
import { openTestHost, type TestHost } from '../testing/test-host.ts'

const stop = new AbortController().signal

async function digestOf(path: string): Promise<string> {
  const options = { workers: 1, inUse: 'accept' } as const
  return (await digestDisk({ kind: 'image', path, roots: null, format: null }, options)).digest
}

/** The chain below an image; throws for one that is not whole. */
async function lookAt(path: string) {
  const { chain, problems, details } = await inspectFile(path, { roots: null })
  const wrong = problems.filter(({ severity }) => severity !== 'info')
  expect(wrong).toEqual([])
  return { parents: chain.slice(1).map((link) => link.path), identity: chain[0]?.identity, details }
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

async function takeBack(host: TestHost, { id }: RunState): Promise<void> {
  expect((await host.runs.undo(id, { stop })).phase).toBe('undone')
}

describe.skipIf(!requires('qemu-img', 'qemu-io')).each(['vmdk', 'vhd', 'vhdx', 'vdi'] as const)(
  '%s',
  (format) => {
    test('an overlay is created, put over another parent, and merged; children go on', async () => {
      await using place = await tempPlace()
      const { base, child } = await makeChain(format, place.path)
      const top = place.file(`top.${format}`)
      await using host = openTestHost(place.path)
      const disk = await digestOf(child)
      const wish = { target: top, format, parent: { path: child } }
      await carryOut(host, 'create', wish)
      expect((await lookAt(top)).parents).toEqual([child, base])
      expect(await digestOf(top)).toBe(disk)

      // The image below stands alone, with the identity by which the one above knows it.
      const flattened = await carryOut(host, 'chain-flatten', { image: child })
      expect((await lookAt(top)).parents).toEqual([child])
      expect(await digestOf(top)).toBe(disk)
      await takeBack(host, flattened)

      // Merged into the image below, which stays an overlay and the disk that machines know.
      const before = await lookAt(child)
      const merged = await carryOut(host, 'chain-commit', { image: top })
      await expect(access(top)).rejects.toThrow('ENOENT')
      const after = await lookAt(child)
      expect(after.parents).toEqual([base])
      expect(await digestOf(child)).toBe(disk)
      if (format === 'vdi' || format === 'vhd') expect(after.identity).toEqual(before.identity)
      else expect(after.identity).not.toEqual(before.identity)
      if (format === 'vhdx') expect(after.details['virtualDiskId']).toBe(before.details['virtualDiskId'])
      await takeBack(host, merged)
      expect((await lookAt(top)).parents).toEqual([child, base])

      await carryOut(host, 'chain-rebase', { image: top, parent: base })
      expect((await lookAt(top)).parents).toEqual([base])
      expect(await digestOf(top)).toBe(disk)
      await carryOut(host, 'snapshot-create', { image: top, name: 'next', kind: 'external' })
      expect((await lookAt(place.file(`next.${format}`))).parents).toEqual([top, base])

      // What stands alone takes the disk of the one above it.
      await carryOut(host, 'chain-flatten', { image: place.file(`next.${format}`) })
      expect(await digestOf(place.file(`next.${format}`))).toBe(disk)
    })

    test('what its format cannot say is refused with the reason', async () => {
      await using place = await tempPlace()
      const { base } = await makeChain(format, place.path)
      const other = await makeChain('qcow2', place.path)
      await using host = openTestHost(place.path)
      const target = place.file(`new.${format}`)
      const codesOf = async (request: object) => {
        const plan = await host.plan('create', { target, format, parent: { path: base }, ...request })
        return plan.kind === 'refusal' ? plan.problems.map(({ id }) => id) : 'plan'
      }
      expect(await codesOf({ parent: { path: other.base } })).toEqual(['overlay-format-differs'])
      const size = 64 * 1024 ** 2
      expect(await codesOf({ size })).toEqual(format === 'vhdx' ? 'plan' : ['overlay-size-differs'])
      const kind = format === 'vmdk' ? 'monolithicFlat' : 'fixed'
      expect(await codesOf({ subformat: kind })).toEqual(['overlay-kind'])
      await mkdir(place.file('a/b'), { recursive: true })
      const far = { target: place.file(`a/b/new.${format}`) }
      expect(await codesOf(far)).toEqual(format === 'vdi' ? ['refused'] : 'plan')
      const rebase = { image: place.file(`child.${format}`), parent: other.child }
      expect(await host.plan('chain-rebase', rebase)).toMatchObject({
        problems: [{ id: 'overlay-format-differs' }],
      })
    })
  },
)

describe.skipIf(!requires('qemu-img', 'qemu-io'))('a parent that is repaired', () => {
  test('with qemu-img on a copy keeps what its child knows it by', async () => {
    await using place = await tempPlace()
    const { base, child } = await makeChain('vhdx', place.path)
    const [disk, before] = [await digestOf(child), await lookAt(base)]
    await using host = openTestHost(place.path)
    await carryOut(host, 'repair', { image: { path: base }, by: 'qemu-img', what: 'all' })
    expect((await lookAt(base)).identity).toEqual(before.identity)
    expect((await lookAt(child)).parents).toEqual([base])
    expect(await digestOf(child)).toBe(disk)
  })
})
