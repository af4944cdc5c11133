import { link, mkdir, symlink, writeFile } from 'node:fs/promises'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { readChainTree, type ChainNode } from './chain-tree.ts'
import { findDependents } from './find-dependents.ts'

const anywhere = { roots: null }

async function base(place: TempPlace): Promise<void> {
  await runToolOk('qemu-img', ['create', '-f', 'qcow2', place.file('base.qcow2'), '8M'])
}

async function overlay(place: TempPlace, name: string, parent: string): Promise<void> {
  await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', parent, place.file(name)])
}

describe.skipIf(!requires('qemu-img'))('who depends on an image', () => {
  test('children and theirs are found by what they really name, with their depth', async () => {
    await using place = await tempPlace()
    await base(place)
    await overlay(place, 'a.qcow2', place.file('base.qcow2'))
    await mkdir(place.file('below'))
    await overlay(place, 'below/b.qcow2', place.file('a.qcow2'))
    await overlay(place, 'c.qcow2', place.file('a.qcow2'))
    await writeFile(place.file('base.txt'), 'base.qcow2')
    const { images, unseen } = await findDependents(place.file('base.qcow2'), anywhere)
    expect(images.map(({ path, depth }) => [path.slice(place.path.length + 1), depth])).toEqual([
      ['a.qcow2', 1],
      ['c.qcow2', 2],
      ['below/b.qcow2', 2],
    ])
    expect(unseen).toBeNull()
    expect(images[0]?.names).toEqual([place.file('base.qcow2')])
    expect((await findDependents(place.file('c.qcow2'), anywhere)).images).toEqual([])
  })

  test('hidden files, quarantine and symlinks are left out; further folders are asked for', async () => {
    await using place = await tempPlace()
    for (const folder of ['own', 'other', 'own/.varve-quarantine']) await mkdir(place.file(folder))
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', place.file('own/base.qcow2'), '8M'])
    for (const name of [
      'own/.hidden.qcow2',
      'own/.varve-quarantine/old.qcow2',
      'own/new.qcow2.part',
      'other/far.qcow2',
    ])
      await overlay(place, name, place.file('own/base.qcow2'))
    await symlink(place.file('other/far.qcow2'), place.file('own/link.qcow2'))
    const image = place.file('own/base.qcow2')
    expect((await findDependents(image, anywhere)).images).toEqual([])
    const found = await findDependents(image, { roots: null, folders: [place.file('other')] })
    expect(found.images.map(({ path }) => path)).toEqual([place.file('other/far.qcow2')])
  })

  test('a child that names it in a json: depends on it, and so does what stands on that one', async () => {
    await using place = await tempPlace()
    await base(place)
    const json = { driver: 'qcow2', file: { driver: 'file', filename: place.file('base.qcow2') } }
    await overlay(place, 'a.qcow2', `json:${JSON.stringify(json)}`)
    await overlay(place, 'b.qcow2', 'a.qcow2')
    const { images } = await findDependents(place.file('base.qcow2'), anywhere)
    expect(
      images.map(({ path, depth, isFollowed, chain }) => [
        path.slice(place.path.length + 1),
        depth,
        isFollowed,
        chain.length,
      ]),
    ).toEqual([
      ['a.qcow2', 1, false, 2],
      ['b.qcow2', 2, false, 3],
    ])
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', place.file('other.qcow2'), '8M'])
    expect((await findDependents(place.file('other.qcow2'), anywhere)).images).toEqual([])
  })

  test('a child that keeps another name of the same file depends on it', async () => {
    await using place = await tempPlace()
    await base(place)
    await link(place.file('base.qcow2'), place.file('same.qcow2'))
    await overlay(place, 'a.qcow2', place.file('same.qcow2'))
    const { images } = await findDependents(place.file('base.qcow2'), anywhere)
    expect(images.map(({ depth }) => depth)).toEqual([1])
  })

  test('what was not looked at is said', async () => {
    await using place = await tempPlace()
    await base(place)
    for (const name of ['a.qcow2', 'c.qcow2']) await overlay(place, name, place.file('base.qcow2'))
    const { images, unseen } = await findDependents(place.file('base.qcow2'), { roots: null, mostFiles: 2 })
    expect(images).toHaveLength(1)
    expect(unseen).toMatch(/more than 2 files/u)
  })

  test('the tree has siblings too, a split image once', async () => {
    await using place = await tempPlace()
    const vmdk = ['create', '-f', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse']
    await runToolOk('qemu-img', [...vmdk, 'base.vmdk', '8M'], { cwd: place.path })
    const over = ['create', '-f', 'vmdk', '-F', 'vmdk', '-b', 'base.vmdk']
    for (const name of ['a.vmdk', 'c.vmdk']) await runToolOk('qemu-img', [...over, name], { cwd: place.path })
    const tree = await readChainTree(place.file('a.vmdk'), anywhere)
    const shape = (node: ChainNode): unknown => [
      node.path.slice(place.path.length + 1),
      node.children.map(shape),
    ]
    expect(shape(tree.root)).toEqual([
      'base.vmdk',
      [
        ['a.vmdk', []],
        ['c.vmdk', []],
      ],
    ])
    expect(tree.dependents).toEqual([])
    expect(tree.root.fileSize).toBeGreaterThan(65_536)
  })

  test('a missing parent is said, and the image is its own tree', async () => {
    await using place = await tempPlace()
    await base(place)
    await overlay(place, 'a.qcow2', place.file('base.qcow2'))
    await runToolOk('mv', [place.file('base.qcow2'), place.file('gone')])
    const { root, problems } = await readChainTree(place.file('a.qcow2'), anywhere)
    expect(root.isAsked).toBe(true)
    expect(problems.map(({ id }) => id)).toContain('parent-missing')
  })
})
