import { execFile } from 'node:child_process'
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { rawDisk } from '../formats/raw/driver.ts'
import type { GuestContents } from '../guest/guest-contents.ts'
import { readGuestContents } from '../scan/read-guest.ts'
import { nodeFiles } from '../testing/node-files.ts'
import { mbrSector } from '../testing/gpt-builder.ts'
import { bsdLabel, solarisVtoc } from './testing/build-labels.ts'

const mib = 1024 * 1024

async function guestOf(path: string): Promise<GuestContents> {
  await using file = await nodeFiles.open(path)
  return await readGuestContents(rawDisk(file.source))
}

async function blank(place: TempPlace): Promise<string> {
  const path = place.file('disk.img')
  await writeFile(path, '')
  await truncate(path, 64 * mib)
  return path
}

/** fdisk with these commands on its standard input. */
async function fdisk(path: string, ...commands: string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = execFile('fdisk', [path], (error, stdout) => (error ? reject(error) : resolve(stdout)))
    child.stdin?.end(`${commands.join('\n')}\n`)
  })
}

/** What we list, as sectors. */
function listed({ table }: GuestContents): [number, number, number][] {
  return table.partitions.map(({ index, start, length }) => [index, start / 512, length / 512])
}

/** What sfdisk lists. */
async function told(path: string): Promise<[number, number, number][]> {
  const { partitiontable } = JSON.parse(await runToolOk('sfdisk', ['-J', path])) as {
    partitiontable: { partitions: { node: string; start: number; size: number }[] }
  }
  return partitiontable.partitions.map(({ node, start, size }) => [
    Number(/(\d+)$/u.exec(node)?.[1]),
    start,
    size,
  ])
}

async function put(path: string, at: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, at)
}

describe.skipIf(!requires('fdisk', 'sfdisk'))('labels that fdisk makes', () => {
  test.each([
    ['sun', ['s', 'w']],
    ['sgi', ['G', 'n', '1', '', '+10M', 'w']],
    [
      'mbr',
      ['o', 'n', 'p', '1', '', '+9M', 'n', 'e', '2', '', '', 'n', 'l', '', '+5M', 'n', 'l', '', '+5M', 'w'],
    ],
    ['gpt', ['g', 'n', '3', '', '+9M', 'n', '1', '', '', 'w']],
  ])('%s: all that sfdisk lists', async (kind, commands) => {
    await using place = await tempPlace()
    const path = await blank(place)
    await fdisk(path, ...commands)
    const guest = await guestOf(path)
    expect(guest.table.kind).toBe(kind)
    expect(guest.problems).toEqual([])
    const wanted = await told(path)
    expect(wanted.length).toBeGreaterThan(1)
    expect(listed(guest)).toEqual(wanted.toSorted(([a], [b]) => a - b))
  })

  test('a BSD disklabel inside a partition: what fdisk prints of it', async () => {
    await using place = await tempPlace()
    const path = await blank(place)
    await fdisk(path, 'o', 'n', 'p', '1', '2048', '+20M', 't', 'a5', 'w')
    await fdisk(path, 'b', 'y', 'n', 'a', '', '+5M', 'n', 'b', '20000', '+3M', 't', 'b', '1', 'w')
    const printed = await fdisk(path, 'b', 'p', 'q')
    const wanted = [...printed.matchAll(/^([a-p]) +(\d+) +(\d+) +(\d+) /gmu)].map(
      ([, slice, start, , size]) => [slice, Number(start), Number(size)],
    )
    expect(wanted.length).toBeGreaterThan(3)
    const guest = await guestOf(path)
    expect(guest.problems).toEqual([])
    const nested = guest.table.partitions.filter(({ within }) => within === 1)
    expect(nested.map(({ slice, start, length }) => [slice, start / 512, length / 512])).toEqual(wanted)
  })
})

describe.skipIf(!requires('makefs', 'fdisk'))('UFS inside slices', () => {
  test.each([
    ['1', 'le'],
    ['2', 'le'],
    ['1', 'be'],
    ['2', 'be'],
  ])('version %s, %s', async (version, endian) => {
    await using place = await tempPlace()
    const path = await blank(place)
    await fdisk(path, 'o', 'n', 'p', '1', '2048', '+20M', 't', 'a5', 'w')
    await fdisk(path, 'b', 'y', 'n', 'a', '4096', '+8M', 'w')
    const folder = place.file('files')
    await mkdir(folder)
    await writeFile(join(folder, 'hello'), 'hello')
    const image = place.file('ufs.img')
    const options = ['-t', 'ffs', '-B', endian, '-o', `version=${version}`, '-s', '8m']
    await runToolOk('makefs', [...options, image, folder])
    await put(path, 4096 * 512, await readFile(image))
    const { filesystems } = await guestOf(path)
    expect(filesystems).toMatchObject([{ type: 'ufs', sure: 'consistent', start: 4096 * 512, size: 8 * mib }])
  })
})

describe.skipIf(!requires('partx'))('labels inside partitions, as partx lists them', () => {
  const slice = 2048
  const absolute = [
    { index: 0, first: slice + 100, size: 4000, type: 7 },
    { index: 1, first: slice + 5000, size: 1000, type: 1 },
  ]
  test.each([
    ['NetBSD', 0xa9, 512, bsdLabel(absolute)],
    ['OpenBSD', 0xa6, 512, bsdLabel(absolute)],
    ['Solaris', 0x82, 0, solarisVtoc(absolute.map((entry) => ({ ...entry, first: entry.first - slice })))],
    [
      'Minix',
      0x81,
      0,
      mbrSector(absolute.map(({ first, size }) => ({ type: 0x81, firstSector: first, sectors: size }))),
    ],
  ])('%s', async (_, type, at, label) => {
    await using place = await tempPlace()
    const path = await blank(place)
    await put(path, 0, mbrSector([{ type, firstSector: slice, sectors: 40_960 }]))
    await put(path, slice * 512 + at, label)
    const { stdout } = await runTool('partx', ['--show', '--noheadings', '--output', 'START,SECTORS', path])
    const wanted = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/u).map(Number))
    const guest = await guestOf(path)
    expect(guest.table.inner).toHaveLength(1)
    expect(wanted).toHaveLength(3)
    expect(guest.table.partitions.map(({ start, length }) => [start / 512, length / 512])).toEqual(wanted)
  })
})
