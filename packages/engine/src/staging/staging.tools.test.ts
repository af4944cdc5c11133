import { link, lstat, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { writeJournal } from './publishing-journal.ts'
import { stagedPath } from '../files/staged-name.ts'
import { openStaging, type StagedImage } from './staging.ts'

type Place = Awaited<ReturnType<typeof tempPlace>>

const kinds = {
  file: { name: 'a.qcow2', format: 'qcow2', subformat: null },
  folder: { name: 'a.vmdk', format: 'vmdk', subformat: 'twoGbMaxExtentSparse' },
  bundle: { name: 'a.hdd', format: 'parallels', subformat: 'bundle' },
} as const

function stagedAs(place: Place, kind: keyof typeof kinds): StagedImage {
  const { name, ...rest } = kinds[kind]
  return { target: place.file(name), staging: 'id1', ...rest }
}

/** Writes what the engine would: the image, and parts where the kind has them. */
async function writeImage(place: Place, kind: keyof typeof kinds): Promise<string> {
  const staging = openStaging(stagedAs(place, kind))
  await staging.prepare()
  await writeFile(staging.path, 'image')
  if (kind === 'folder')
    for (const part of ['a-s001.vmdk', 'a-s002.vmdk']) await writeFile(`${staging.hidden}/${part}`, part)
  if (kind === 'bundle') await writeFile(`${staging.hidden}/a.hds`, 'part')
  return await staging.identity()
}

const namesIn = async (place: Place) => (await readdir(place.path)).toSorted()
const published = {
  file: ['a.qcow2'],
  folder: ['a-s001.vmdk', 'a-s002.vmdk', 'a.vmdk'],
  bundle: ['a.hdd'],
} as const

describe.each(['file', 'folder', 'bundle'] as const)('a staged %s', (kind) => {
  test('is found again by its id, and published once, however often it is asked for', async () => {
    await using place = await tempPlace()
    const file = await writeImage(place, kind)
    expect((await namesIn(place)).every((name) => name.startsWith('.'))).toBe(true)
    await openStaging(stagedAs(place, kind)).flush()
    await openStaging(stagedAs(place, kind)).publish({ file, durability: 'synced' })
    expect(await namesIn(place)).toEqual(published[kind])
    await openStaging(stagedAs(place, kind)).publish({ file, durability: 'synced' })
    await openStaging(stagedAs(place, kind)).discard()
    expect(await namesIn(place)).toEqual(published[kind])
  })

  test('is written anew over what a killed attempt left', async () => {
    await using place = await tempPlace()
    await writeImage(place, kind)
    await writeImage(place, kind)
    await openStaging(stagedAs(place, kind)).discard()
    await openStaging(stagedAs(place, kind)).discard()
    expect(await namesIn(place)).toEqual([])
  })

  test('never takes a name that somebody else has', async () => {
    await using place = await tempPlace()
    const file = await writeImage(place, kind)
    await mkdir(place.file('elsewhere'))
    await writeFile(place.file(kinds[kind].name), 'theirs')
    const publishing = openStaging(stagedAs(place, kind)).publish({ file, durability: 'synced' })
    await expect(publishing).rejects.toMatchObject({ code: 'target-exists' })
    await openStaging(stagedAs(place, kind)).discard()
    expect(await namesIn(place)).toEqual([kinds[kind].name, 'elsewhere'].toSorted())
    expect(await readFile(place.file(kinds[kind].name), 'utf8')).toBe('theirs')
  })

  test('that somebody removed is not taken for published when another file has the name', async () => {
    await using place = await tempPlace()
    const file = await writeImage(place, kind)
    await rename(openStaging(stagedAs(place, kind)).hidden, place.file('kept'))
    const publish = async () => openStaging(stagedAs(place, kind)).publish({ file, durability: 'synced' })
    await expect(publish()).rejects.toMatchObject({ code: 'part-missing' })
    await writeFile(place.file(kinds[kind].name), 'theirs')
    await expect(publish()).rejects.toMatchObject({ code: 'part-missing' })
  })
})

test('a publication by a link that was killed before the hidden name was removed is completed', async () => {
  await using place = await tempPlace()
  const file = await writeImage(place, 'file')
  const image = stagedAs(place, 'file')
  await link(openStaging(image).hidden, image.target)
  await openStaging(image).publish({ file, durability: 'synced' })
  expect(await namesIn(place)).toEqual(['a.qcow2'])
})

/** Publishes as far as a kill after so many names would have left it. */
async function halfPublished(place: Place, count: number): Promise<string> {
  const file = await writeImage(place, 'folder')
  const { hidden } = openStaging(stagedAs(place, 'folder'))
  await writeJournal(hidden, published.folder)
  for (const name of published.folder.slice(0, count)) await rename(`${hidden}/${name}`, place.file(name))
  return file
}

describe.each([0, 1, 2, 3])('several files, killed after %i of their names', (count) => {
  test('get the others when the publication goes on', async () => {
    await using place = await tempPlace()
    const file = await halfPublished(place, count)
    await openStaging(stagedAs(place, 'folder')).publish({ file, durability: 'synced' })
    expect(await namesIn(place)).toEqual(published.folder)
    expect(await readFile(place.file('a-s002.vmdk'), 'utf8')).toBe('a-s002.vmdk')
    expect(String((await lstat(place.file('a.vmdk'), { bigint: true })).ino)).toBe(file)
  })

  test('lose them when it is given up, unless all have theirs', async () => {
    await using place = await tempPlace()
    await halfPublished(place, count)
    await openStaging(stagedAs(place, 'folder')).discard()
    expect(await namesIn(place)).toEqual(count === 3 ? published.folder : [])
  })

  test('lose them when another name is taken meanwhile', async () => {
    await using place = await tempPlace()
    if (count === 3) return
    const file = await halfPublished(place, count)
    await writeFile(place.file('a.vmdk'), 'theirs')
    const publishing = openStaging(stagedAs(place, 'folder')).publish({ file, durability: 'synced' })
    await expect(publishing).rejects.toMatchObject({ code: 'target-exists', file: place.file('a.vmdk') })
    await openStaging(stagedAs(place, 'folder')).discard()
    expect(await namesIn(place)).toEqual(['a.vmdk'])
  })
})

test('an image of several files gets all its names, or none when one is taken', async () => {
  await using place = await tempPlace()
  const file = await writeImage(place, 'folder')
  await writeFile(place.file('a-s002.vmdk'), 'somebody else’s')
  const publishing = openStaging(stagedAs(place, 'folder')).publish({ file, durability: 'synced' })
  await expect(publishing).rejects.toMatchObject({ code: 'target-exists', file: place.file('a-s002.vmdk') })
  expect((await namesIn(place)).filter((name) => !name.startsWith('.'))).toEqual(['a-s002.vmdk'])
})

test('a name that is as long as names may be is staged under a shorter one', () => {
  for (const name of ['b'.repeat(251), 'ö'.repeat(127), 'a.raw'])
    expect(Buffer.byteLength(basename(stagedPath(`/vms/${name}`, 'a'.repeat(64))))).toBeLessThanOrEqual(255)
  expect(() => stagedPath('/vms/a', '../b')).toThrow('cannot be part of a file name')
})
