import { ImageQuery } from '@varve/protocol/images'
import { beforeEach, describe, expect, test } from 'vitest'
import { sampleFacts, sampleRecord } from '../testing/samples.ts'
import { openDatabase, write, type Db } from './database.ts'
import { saveHost } from './hosts-store.ts'
import { imageIdOf } from './image-id.ts'
import { createImageLists } from './images-list.ts'
import { findingGroups, imageView, inventoryTotals, removeImage } from './images-store.ts'
import { indexNames } from './name-index.ts'
import { saveImage, saveReport } from './save-images.ts'
import { saveProof } from './proofs-store.ts'

const GiB = 1024 ** 3
const dirty = {
  id: 'filesystem-dirty',
  severity: 'warn',
  layer: 'L6',
  file: null,
  message: 'dirty',
  remedy: 'shut down',
} as const
const broken = { ...dirty, id: 'parent-missing', severity: 'block', layer: 'L2' } as const

let db: Db

beforeEach(() => {
  db = openDatabase(':memory:')
  write(db, (tx) => {
    for (const name of ['north', 'south']) {
      const session = { name, instance: 'instance-1', session: name }
      saveHost(tx, session, { facts: sampleFacts(name), at: '2026-01-01T00:00:00.000Z' })
    }
    saveImage(tx, 'north', sampleRecord('north', 'web01.vmdk', { virtualSize: 3 * GiB, reclaimable: 5 }))
    saveImage(
      tx,
      'north',
      sampleRecord('north', 'sub/Web02.qcow2', { format: 'qcow2', virtualSize: GiB, problems: [dirty] }),
    )
    saveImage(
      tx,
      'south',
      sampleRecord('south', 'db%_"x.raw', { format: 'raw', virtualSize: 2 * GiB, problems: [broken, dirty] }),
    )
  })
})

function names(query: Partial<ImageQuery>): string[] {
  const page = createImageLists(db).list(ImageQuery.parse(query))
  expect(page.total).toBe(page.rows.length)
  return page.rows.map(({ name }) => name)
}

describe('lists of images', () => {
  test('are sorted by every column', () => {
    expect(names({ sort: 'virtualSize' })).toEqual(['sub/Web02.qcow2', 'db%_"x.raw', 'web01.vmdk'])
    expect(names({ sort: 'virtualSize', direction: 'desc' })).toEqual([
      'web01.vmdk',
      'db%_"x.raw',
      'sub/Web02.qcow2',
    ])
    expect(names({ sort: 'findings', direction: 'desc' })[0]).toBe('db%_"x.raw')
    for (const sort of [
      'name',
      'host',
      'format',
      'allocated',
      'reclaimable',
      'modifiedAt',
      'provenAt',
    ] as const) {
      expect(names({ sort })).toHaveLength(3)
    }
  })

  test.each([
    ['web', 2],
    ['WEB0', 2],
    ['eb', 2],
    ['%_"', 1],
    ['%', 1],
    ['_', 1],
    ['"', 1],
    ['nothing', 0],
    ['web" OR name:"db', 0],
    ['*', 0],
  ])('that search for %s have %i images', (search, count) => {
    expect(names({ search })).toHaveLength(count)
  })

  test('are filtered by host, format, findings and problem', () => {
    expect(names({ host: 'north', sort: 'virtualSize' })).toEqual(['sub/Web02.qcow2', 'web01.vmdk'])
    expect(names({ format: 'raw' })).toEqual(['db%_"x.raw'])
    expect(names({ findings: 'warn' })).toHaveLength(2)
    expect(names({ findings: 'block' })).toEqual(['db%_"x.raw'])
    expect(names({ problem: 'filesystem-dirty', host: 'north' })).toEqual(['sub/Web02.qcow2'])
    expect(names({ library: 'images', host: 'south' })).toEqual(['db%_"x.raw'])
  })

  test('give the same page whichever way it is made', () => {
    write(db, (tx) => {
      for (let index = 0; index < 300; index += 1) {
        saveImage(
          tx,
          'south',
          sampleRecord('south', `vm${index}.raw`, {
            format: 'raw',
            virtualSize: index,
            problems: index % 2 === 0 ? [dirty] : [],
          }),
        )
      }
    })
    const lists = createImageLists(db)
    for (const filter of [
      { search: 'vm1' },
      { host: 'south' },
      { format: 'raw' as const },
      { problem: dirty.id },
      { findings: 'any' as const },
    ]) {
      const all = lists.list(ImageQuery.parse({ ...filter, sort: 'virtualSize', limit: 500 }))
      const pages = Array.from({ length: Math.ceil(all.total / 7) }, (_, index) =>
        lists.list(ImageQuery.parse({ ...filter, sort: 'virtualSize', limit: 7, offset: index * 7 })),
      )
      expect(pages.flatMap(({ rows }) => rows)).toEqual(all.rows)
      expect(all.rows).toHaveLength(all.total)
    }
  })

  test('find names in the search index, and those that are too new to be in it', () => {
    const add = (name: string) => write(db, (tx) => saveImage(tx, 'north', sampleRecord('north', name)))
    const remove = (name: string) =>
      write(db, (tx) => removeImage(tx, { host: 'north', library: 'images', name }))
    add('cache1.vmdk')
    expect(names({ search: 'cache' })).toEqual(['cache1.vmdk'])
    expect(write(db, (tx) => indexNames(tx, 3))).toBe(3)
    add('cache2.vmdk')
    expect(names({ search: 'cache' })).toEqual(['cache1.vmdk', 'cache2.vmdk'])
    expect(write(db, (tx) => indexNames(tx, 10))).toBe(2)
    expect(write(db, (tx) => indexNames(tx, 10))).toBe(0)
    remove('cache2.vmdk')
    // Its key is given again.
    add('cache3.vmdk')
    expect(names({ search: 'cache' })).toEqual(['cache1.vmdk', 'cache3.vmdk'])
    expect(names({ search: 'cache3' })).toEqual(['cache3.vmdk'])
    add('cache4.vmdk')
    remove('cache4.vmdk')
    remove('cache1.vmdk')
    expect(names({ search: 'cache' })).toEqual(['cache3.vmdk'])
    db.$client.exec("INSERT INTO images_search (images_search, rank) VALUES ('integrity-check', 1)")
  })

  test('count afresh after a change', () => {
    // What costs nothing by this clock is made again after each change.
    const lists = createImageLists(db, () => 0)
    const query = ImageQuery.parse({ search: 'web' })
    expect(lists.list(query).total).toBe(2)
    write(db, (tx) => removeImage(tx, { host: 'north', library: 'images', name: 'web01.vmdk' }))
    lists.changed()
    expect(lists.list(query).total).toBe(1)
  })
})

describe('the inventory', () => {
  test('keeps totals and findings over changes and removals', () => {
    expect(inventoryTotals(db)).toMatchObject({ images: 3, virtualBytes: 6 * GiB, reclaimableBytes: 5 })
    expect(findingGroups(db, 10).map(({ problem, images }) => [problem.id, images])).toEqual([
      ['parent-missing', 1],
      ['filesystem-dirty', 2],
    ])
    write(db, (tx) =>
      saveImage(tx, 'north', sampleRecord('north', 'sub/Web02.qcow2', { virtualSize: 2 * GiB })),
    )
    write(db, (tx) => removeImage(tx, { host: 'south', library: 'images', name: 'db%_"x.raw' }))
    expect(inventoryTotals(db)).toMatchObject({ images: 2, virtualBytes: 5 * GiB })
    expect(findingGroups(db, 10)).toEqual([])
    expect(names({ search: 'db%' })).toEqual([])
  })

  test('shows of a row what its newest report says', () => {
    const { report } = sampleRecord('north', 'web01.vmdk')
    const id = imageIdOf('north', 'images', 'web01.vmdk')
    const allocation = {
      cellSize: GiB,
      data: 'ff00',
      zero: '0000',
      reclaimable: null,
      dataBytes: GiB,
      zeroBytes: 0,
      absentBytes: GiB,
    }
    const row = write(db, (tx) => saveReport(tx, id, { ...report, allocation, guest: null }))
    expect(row).toMatchObject({ contents: '', strip: 'ff'.repeat(30) + '00'.repeat(30) })
  })

  test('says when an image did not change, so that nothing is published', () => {
    expect(write(db, (tx) => saveImage(tx, 'north', sampleRecord('north', 'new.vmdk')))).not.toBeNull()
    expect(write(db, (tx) => saveImage(tx, 'north', sampleRecord('north', 'new.vmdk')))).toBeNull()
  })

  test('knows children and the links of a chain', () => {
    const base = sampleRecord('north', 'base.qcow2').report
    const link = base.chain[0]
    if (!link) throw new Error('the sample has no chain')
    const chain = [
      { ...link, path: '/srv/north/child.qcow2' },
      link,
      { ...link, path: '/elsewhere/root.raw' },
    ]
    write(db, (tx) => {
      saveImage(tx, 'north', sampleRecord('north', 'base.qcow2'))
      saveImage(tx, 'north', sampleRecord('north', 'child.qcow2', { chain }))
    })
    const [baseId, childId] = ['base.qcow2', 'child.qcow2'].map((name) => imageIdOf('north', 'images', name))
    expect(imageView(db, baseId ?? '', () => false)?.children).toEqual([{ id: childId, name: 'child.qcow2' }])
    expect(imageView(db, childId ?? '', () => false)).toMatchObject({
      children: [],
      chainIds: [childId, baseId, null],
    })
  })

  test('keeps a proof that came before the image, and drops it with the image', () => {
    const place = { host: 'north', library: 'images', name: 'later.qcow2' }
    const imageId = imageIdOf(place.host, place.library, place.name)
    const takenAt = '2026-02-02T00:00:00.000Z'
    write(db, (tx) => saveProof(tx, { imageId, digest: 'ab'.repeat(32), virtualSize: 1, takenAt }))
    expect(
      write(db, (tx) => saveImage(tx, 'north', sampleRecord('north', 'later.qcow2')))?.row.provenAt,
    ).toBe(takenAt)
    expect(imageView(db, imageId, () => true)?.proofs).toMatchObject([{ takenAt, hasManifest: true }])
    write(db, (tx) => removeImage(tx, place))
    expect(
      write(db, (tx) => saveImage(tx, 'north', sampleRecord('north', 'later.qcow2')))?.row.provenAt,
    ).toBeNull()
  })

  test('drops libraries that an agent no longer has', () => {
    const facts = { ...sampleFacts('north'), libraries: [] }
    write(db, (tx) =>
      saveHost(tx, { name: 'north', instance: 'i', session: 's' }, { facts, at: '2026-01-01T00:00:00.000Z' }),
    )
    expect(names({})).toEqual(['db%_"x.raw'])
  })
})
