import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { diagnoseFolder as action } from '@varve/operations/actions/diagnose-folder'
import { operationTable } from '@varve/operations/operation-table'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
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
})
