import { readdir, rename, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rulesOf, writableFormats } from '@varve/core/formats/writable-formats'
import { Manifest } from '@varve/core/digest/disk-digest'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { hexRoot } from '@varve/engine/run/collect-leaves'
import { canMount, mountedPlace } from '@varve/test-kit/mounted-place'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const MiB = 1024 * 1024
const size = 64 * MiB
/** Some thirty processes, one after the other. */
const walkTime = 900_000

const visible = async (folder: string) =>
  (await readdir(folder))
    .filter((name) => !name.startsWith('.') && name !== 'runs' && name !== 'state')
    .sort()

async function run(host: TestHost, operation: string, request: unknown) {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
  return await host.runs.start({ plan, request, accepted: [] }, { stop })
}

async function digestOf(path: string): Promise<string> {
  return (await digestDisk({ kind: 'image', path, roots: null, format: null })).digest
}

const kinds = writableFormats.flatMap((format) => {
  const { subformats } = rulesOf(format)
  return (subformats.length === 0 ? [null] : subformats).map((subformat) => [format, subformat] as const)
})

describe('create', () => {
  test.each(kinds)('a blank %s %s reads as zeros, and is undone', async (format, subformat) => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const target = place.file('new')
    const done = await run(host, 'create', { target, size, format, subformat })
    expect(done).toMatchObject({ phase: 'succeeded' })
    const known = { kind: 'image', path: target, roots: null, format } as const
    expect((await digestDisk(known)).digest).toBe(hexRoot(new Manifest(size)))
    expect(await host.runs.undo(done.id, { stop })).toMatchObject({ phase: 'undone', undoFailures: [] })
    expect(await visible(place.path)).toEqual([])
  })

  test.skipIf(!requires('qemu-img'))(
    'an overlay reads as its parent, for qemu-img too, also when both are moved',
    async () => {
      await using place = await tempPlace()
      await using host = openTestHost(place.path)
      await mkdir(place.file('vms'))
      const base = place.file('vms/base.qcow2')
      await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '8M'])
      await runToolOk('qemu-io', ['-c', 'write -P 7 1M 64k', base])
      const target = place.file('vms/over.qcow2')
      const done = await run(host, 'create', { target, format: 'qcow2', parent: { path: base } })
      expect(done).toMatchObject({ phase: 'succeeded' })
      await rename(place.file('vms'), place.file('moved'))
      const moved = place.file('moved/over.qcow2')
      expect(await digestOf(moved)).toBe(await digestOf(place.file('moved/base.qcow2')))
      await runToolOk('qemu-img', ['compare', moved, place.file('moved/base.qcow2')])
      await runToolOk('qemu-img', ['check', '-q', moved])
    },
  )

  test('what a format has no overlay of, and a name that is taken, is refused before anything is written', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await writeFile(place.file('a.raw'), Buffer.alloc(MiB))
    const parent = { path: place.file('a.raw'), format: 'raw' }
    const target = place.file('new')
    expect(await host.plan('create', { target, format: 'raw', parent })).toMatchObject({ kind: 'refusal' })
    const taken = { target: place.file('a.raw'), format: 'raw', size: MiB }
    expect(await host.plan('create', taken)).toMatchObject({ problems: [{ id: 'target-exists' }] })
    const lost = { target, format: 'qcow2', parent: { path: place.file('nothing') } }
    expect(await host.plan('create', lost)).toMatchObject({ problems: [{ id: 'not-found' }] })
    expect(await visible(place.path)).toEqual(['a.raw'])
  })

  test('is killed at every entry of its journal', { timeout: walkTime }, async () => {
    await walkKills({
      operation: 'create',
      prepare: async (folder) => ({ target: join(folder, 'new.vhd'), format: 'vhd', size }),
      async atAnyTime(folder) {
        for (const name of await visible(folder))
          expect(await digestOf(join(folder, name))).toBe(hexRoot(new Manifest(size)))
      },
      async whenDone(folder) {
        expect(await visible(folder)).toEqual(['new.vhd'])
      },
      async whenUndone(folder) {
        expect(await visible(folder)).toEqual([])
        expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
      },
    })
  })
})

describe.skipIf(!requires('lsattr') || !(await canMount()))('create --no-cow', () => {
  test('Btrfs writes the file in place, its parts too; others only where it is asked for', async () => {
    await using place = await mountedPlace(['mkfs.btrfs', '-q'])
    await using state = await tempPlace()
    await using host = openTestHost(state.path)
    const attributesOf = async (name: string) => {
      const [attributes = ''] = (await runToolOk('lsattr', [place.file(name)])).split(' ')
      return attributes.replaceAll('-', '')
    }
    const wish = { target: place.file('flat.vmdk'), size, format: 'vmdk', subformat: 'monolithicFlat' }
    expect(await run(host, 'create', { ...wish, noCow: true })).toMatchObject({ phase: 'succeeded' })
    expect(await attributesOf('flat.vmdk')).toContain('C')
    expect(await attributesOf('flat-flat.vmdk')).toContain('C')
    await run(host, 'create', { target: place.file('plain.raw'), size, format: 'raw' })
    expect(await attributesOf('plain.raw')).not.toContain('C')
    for (const [name, noCow, found] of [
      ['own.qcow2', true, false],
      ['twice.qcow2', false, true],
    ] as const) {
      await run(host, 'create', { target: place.file(name), size, format: 'qcow2', noCow })
      const { problems } = await inspectFile(place.file(name), { roots: null })
      expect([name, problems.some(({ id }) => id === 'stacked-copy-on-write')]).toEqual([name, found])
    }
  })
})
