import { mkdir, truncate, utimes, writeFile } from 'node:fs/promises'
import { WorkerPool } from '../run/worker-pool.ts'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { inspectFile } from '../images/inspect-file.ts'
import { diagnose } from './diagnose.ts'
import { findDuplicates } from './find-duplicates.ts'

const create = async (place: TempPlace, name: string, ...backing: readonly string[]) =>
  runToolOk('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    ...backing,
    place.file(name),
    ...(backing.length > 0 ? [] : ['8M']),
  ])
const over = (parent: string) => ['-F', 'qcow2', '-b', parent]

async function findingsOf(place: TempPlace, folder = 'lib') {
  const { findings } = await diagnose(place.file(folder), { roots: null })
  return findings.map(({ id, file, command }) => ({ id, file: file?.slice(place.path.length + 1), command }))
}

describe.skipIf(!requires('qemu-img'))('the doctor of a folder', () => {
  test('has nothing to say of a folder where all is right', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('lib'))
    await create(place, 'lib/base.qcow2')
    await create(place, 'lib/over.qcow2', ...over('base.qcow2'))
    await writeFile(place.file('lib/notes.txt'), 'nothing')
    expect(await findingsOf(place)).toEqual([])
    expect(await diagnose(place.file('lib'), { roots: null })).toMatchObject({ looked: 3, unseen: null })
  })

  test('tells parents that are missing, moved, and outside, once, with what mends it', async () => {
    await using place = await tempPlace()
    for (const folder of ['lib', 'lib/bases', 'other']) await mkdir(place.file(folder))
    await create(place, 'lib/bases/moved.qcow2')
    await create(place, 'other/outside.qcow2')
    const unsafe = async (name: string, parent: string) =>
      runToolOk('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', ...over(parent), place.file(name), '8M'])
    await unsafe('lib/a.qcow2', 'moved.qcow2')
    await unsafe('lib/b.qcow2', 'gone.qcow2')
    await unsafe('lib/b-over.qcow2', 'b.qcow2')
    await create(place, 'lib/c.qcow2', ...over(place.file('other/outside.qcow2')))
    expect(await findingsOf(place)).toEqual([
      {
        id: 'parent-moved',
        file: 'lib/a.qcow2',
        command: [
          'varve',
          'chain',
          'repoint',
          place.file('lib/a.qcow2'),
          '--parent',
          place.file('lib/bases/moved.qcow2'),
        ],
      },
      { id: 'parent-missing', file: 'lib/b.qcow2', command: ['varve', 'quarantine', place.file('lib')] },
      {
        id: 'parent-outside',
        file: 'lib/c.qcow2',
        command: [
          'varve',
          'move',
          place.file('other/outside.qcow2'),
          place.file('lib/outside.qcow2'),
          '--folder',
          place.file('lib'),
        ],
      },
    ])
  })

  test('tells a circle of parents at each that is part of it', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('lib'))
    for (const name of ['cyc1', 'cyc2']) await create(place, `lib/${name}.qcow2`)
    await create(place, 'lib/above.qcow2', ...over('cyc1.qcow2'))
    for (const [child, parent] of [
      ['cyc1', 'cyc2'],
      ['cyc2', 'cyc1'],
    ] as const)
      await runToolOk('qemu-img', [
        'rebase',
        '-u',
        ...over(`${parent}.qcow2`),
        place.file(`lib/${child}.qcow2`),
      ])
    const told = await diagnose(place.file('lib'), { roots: null })
    const findings = told.findings.filter(({ severity }) => severity === 'block')
    expect(findings.map(({ id, severity, file }) => [id, severity, file])).toEqual([
      ['chain-loop', 'block', place.file('lib/cyc1.qcow2')],
      ['chain-loop', 'block', place.file('lib/cyc2.qcow2')],
    ])
    for (const { file, message } of findings) {
      const { problems } = await inspectFile(file ?? '', { roots: null })
      expect(problems.find(({ id }) => id === 'chain-loop')).toMatchObject({ message, severity: 'block' })
    }
  })

  test('tells wrong endings, and old images that no machine beside them names', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('lib'))
    for (const name of ['disk.vmdk', 'used.qcow2', 'old.qcow2', 'base.qcow2', 'new.qcow2'])
      await create(place, `lib/${name}`)
    await create(place, 'lib/used-over.qcow2', ...over('base.qcow2'))
    await writeFile(
      place.file('lib/vm.xml'),
      '<domain><source file="/x/used.qcow2"/><source file="used-over.qcow2"/></domain>',
    )
    const long = new Date(Date.now() - 400 * 24 * 3600 * 1000)
    for (const name of ['used.qcow2', 'old.qcow2', 'base.qcow2', 'used-over.qcow2'])
      await utimes(place.file(`lib/${name}`), long, long)
    const found = (await findingsOf(place)).filter(({ id }) => id !== 'maybe-duplicate')
    expect(found).toEqual([
      {
        id: 'wrong-ending',
        file: 'lib/disk.vmdk',
        command: [
          'varve',
          'move',
          place.file('lib/disk.vmdk'),
          place.file('lib/disk.qcow2'),
          '--folder',
          place.file('lib'),
        ],
      },
      { id: 'orphan', file: 'lib/old.qcow2', command: ['varve', 'delete', place.file('lib/old.qcow2')] },
    ])
  })

  test('finds the same disk in two formats by reading only what may be the same', async () => {
    await using place = await tempPlace()
    await using pool = new WorkerPool()
    await mkdir(place.file('lib'))
    await writeFile(place.file('lib/a.raw'), 'a'.repeat(4096))
    await truncate(place.file('lib/a.raw'), 8 * 1024 ** 2)
    await runToolOk('qemu-img', [
      'convert',
      '-O',
      'qcow2',
      place.file('lib/a.raw'),
      place.file('lib/b.qcow2'),
    ])
    await create(place, 'lib/other.qcow2')
    await create(place, 'lib/over.qcow2', ...over('b.qcow2'))
    await runToolOk('truncate', ['-s', '9M', place.file('lib/longer.raw')])
    const { images, needed } = await diagnose(place.file('lib'), { roots: null })
    const read: string[] = []
    const found = await findDuplicates(images, {
      roots: null,
      needed,
      pool,
      onImage: (path) => read.push(path),
    })
    // The one that another image stands on stays, though it is the newer one.
    expect(found.map(({ id, file, details }) => [id, file, details?.['same']])).toContainEqual([
      'duplicate',
      place.file('lib/a.raw'),
      place.file('lib/b.qcow2'),
    ])
    expect(read).not.toContain(place.file('lib/longer.raw'))
    expect(found.some(({ file }) => file === place.file('lib/other.qcow2'))).toBe(false)
  })
})

test('ten thousand images are gone through by their headers, as far as it was asked', async () => {
  await using place = await tempPlace()
  const bytes = Buffer.alloc(1024)
  for (let folder = 0; folder < 100; folder += 1) {
    await mkdir(place.file(`f${folder}`))
    await Promise.all(
      Array.from({ length: 100 }, async (_, at) => writeFile(place.file(`f${folder}/${at}.img`), bytes)),
    )
  }
  const { images, unseen, findings } = await diagnose(place.path, { roots: null })
  expect(images).toHaveLength(10_000)
  expect(unseen).toBeNull()
  expect(findings.map(({ id }) => id)).toEqual(['maybe-duplicate'])
  const cut = await diagnose(place.path, { roots: null, mostFiles: 10 })
  expect(cut.looked).toBe(10)
  expect(cut.unseen).not.toBeNull()
})
