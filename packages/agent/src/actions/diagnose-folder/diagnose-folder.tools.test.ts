import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { diagnoseFolder as action } from '@varve/operations/actions/diagnose-folder'
import { operationTable } from '@varve/operations/operation-table'
import { takeRunLocks } from '@varve/engine/in-use/run-locks'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test, vi } from 'vitest'
import { openTestHost, type TestHost } from '../../testing/test-host.ts'
import { diagnoseFolder } from './diagnose-folder.ts'

async function create(path: string, ...backing: readonly string[]): Promise<void> {
  await runToolOk('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', ...backing, path, '8M'])
}
const over = (parent: string) => ['-F', 'qcow2', '-b', parent]

/** A folder with one image for each thing that an operation mends. */
async function makeLibrary(place: TempPlace): Promise<string> {
  const library = place.file('lib')
  for (const folder of ['lib', 'lib/bases', 'lib/.hidden', 'lib/vms']) await mkdir(place.file(folder))
  await create(join(library, 'bases/moved.qcow2'))
  await create(join(library, 'moved-child.qcow2'), ...over('moved.qcow2'))
  await create(join(library, 'gone-child.qcow2'), ...over('gone.qcow2'))
  await create(join(library, '.hidden/base.qcow2'))
  await create(join(library, 'hidden-child.qcow2'), ...over('.hidden/base.qcow2'))
  await create(join(library, 'named.vmdk'))
  await create(join(library, 'vms/old.qcow2'))
  await writeFile(join(library, 'vms/vm.xml'), '<domain><source file="/x/other.qcow2"/></domain>')
  const long = new Date(Date.now() - 400 * 24 * 3600 * 1000)
  await utimes(join(library, 'vms/old.qcow2'), long, long)
  return library
}

async function lookThrough(host: TestHost, folder: string, digest = false) {
  const context = { ports: host.ports, signal: new AbortController().signal, onProgress: () => {} }
  const outcome = await diagnoseFolder.run({ folder, oldDays: 90, digest }, context)
  // As it crosses the wire.
  return action.outcome.parse(JSON.parse(JSON.stringify(outcome)))
}

describe.skipIf(!requires('qemu-img'))('the look through a folder', () => {
  test('each finding that an operation mends carries a request that the operation takes and plans', async () => {
    await using place = await tempPlace()
    const library = await makeLibrary(place)
    await using host = openTestHost(place.path, { roots: [library] })
    const { findings } = await lookThrough(host, library)
    const wishes = findings.flatMap(({ id, wish }) => (wish ? [{ id, wish }] : []))
    expect(wishes).toEqual([
      {
        id: 'parent-moved',
        wish: {
          operation: 'chain-repoint',
          request: {
            image: join(library, 'moved-child.qcow2'),
            parent: join(library, 'bases/moved.qcow2'),
          },
        },
      },
      {
        id: 'parent-outside',
        wish: {
          operation: 'move',
          request: { source: join(library, '.hidden/base.qcow2'), target: join(library, 'base.qcow2') },
        },
      },
      {
        id: 'wrong-ending',
        wish: {
          operation: 'move',
          request: { source: join(library, 'named.vmdk'), target: join(library, 'named.qcow2') },
        },
      },
      {
        id: 'orphan',
        wish: { operation: 'delete', request: { image: join(library, 'vms/old.qcow2') } },
      },
    ])
    for (const { wish } of wishes) {
      const operation = operationTable[wish.operation as keyof typeof operationTable]
      expect(operation.request.safeParse(wish.request)).toMatchObject({ success: true })
      expect(await host.plan(wish.operation, wish.request)).toMatchObject({ kind: 'plan' })
    }
    expect(findings.find(({ id }) => id === 'parent-missing')).toMatchObject({ wish: null })
  })

  test('of images that hold one disk, all but one may go into quarantine', async () => {
    await using place = await tempPlace()
    const library = place.file('lib')
    await mkdir(library)
    await create(join(library, 'a.qcow2'))
    await create(join(library, 'b.qcow2'))
    await utimes(join(library, 'a.qcow2'), 1, 1)
    await using host = openTestHost(place.path, { roots: [library] })
    const { findings } = await lookThrough(host, library, true)
    expect(findings.map(({ id, wish }) => [id, wish])).toEqual([
      ['duplicate', { operation: 'delete', request: { image: join(library, 'b.qcow2') } }],
    ])
  })

  test('leftovers of dead runs and quarantines that are over are told by the host itself', async () => {
    await using place = await tempPlace()
    const library = place.file('lib')
    await mkdir(library)
    await using host = openTestHost(place.path, { roots: [library] })
    await create(join(library, 'web.qcow2'))
    const plan = await host.plan('delete', { image: join(library, 'web.qcow2') })
    if (plan.kind === 'refusal') throw new Error('it is refused')
    const started = { plan, request: { image: join(library, 'web.qcow2') }, accepted: [] }
    expect(await host.runs.start(started, { stop: new AbortController().signal })).toMatchObject({
      phase: 'succeeded',
    })
    const held = join(library, '.held.raw.00000000000a.part')
    const left = join(library, '.left.raw.00000000000b.part')
    for (const path of [held, left]) {
      await writeFile(path, 'x')
      await utimes(path, 0, 0)
    }
    const lock = { id: 'fleet-7', name: '7', operation: 'Convert', of: 'fleet', proof: library } as const
    await takeRunLocks([join(library, 'held.raw')], lock)
    const first = await lookThrough(host, library)
    expect(first.findings.map(({ id, file, wish }) => [id, file, wish])).toEqual([['leftover', left, null]])
    vi.setSystemTime(Date.now() + 60 * 24 * 3600 * 1000)
    try {
      const { findings } = await lookThrough(host, library)
      const over = findings.find(({ id }) => id === 'quarantine-over')
      expect(over).toMatchObject({
        severity: 'info',
        wish: { operation: 'purge', request: { id: expect.any(String), folders: [library] } },
      })
      expect(operationTable.purge.request.safeParse(over?.wish?.request)).toMatchObject({ success: true })
    } finally {
      vi.useRealTimers()
    }
  })
})
