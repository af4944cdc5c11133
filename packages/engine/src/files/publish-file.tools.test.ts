import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { portableFileRanges } from '../file-ranges/portable-file-ranges.ts'
import { publishFile } from './publish-file.ts'

/** A filesystem such as FAT: no second names, and no rename that refuses to replace. */
const withoutLinks = {
  ...portableFileRanges,
  renameNoReplace() {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })
  },
}

describe.each([
  ['this host', hostFileRanges()],
  ['a system without a rename that refuses', portableFileRanges],
  ['a filesystem without links', withoutLinks],
])('publishing on %s', (_name, ranges) => {
  test('a file gets its name, and takes nobody else’s', async () => {
    await using place = await tempPlace()
    const [part, final] = [place.file('.a.part'), place.file('a')]
    await writeFile(part, 'new')
    await publishFile(part, final, { ranges })
    expect(await readdir(place.path)).toEqual(['a'])
    await writeFile(part, 'newer')
    await expect(publishFile(part, final, { ranges })).rejects.toMatchObject({ code: 'target-exists' })
    expect(await readFile(final, 'utf8')).toBe('new')
  })

  test('a folder that is an image gets its name, and takes nobody else’s', async () => {
    await using place = await tempPlace()
    const [part, final] = [place.file('.a.hdd.part'), place.file('a.hdd')]
    await mkdir(part)
    await writeFile(place.file('.a.hdd.part/disk'), 'new')
    await publishFile(part, final, { ranges })
    expect(await readdir(final)).toEqual(['disk'])
    await mkdir(part)
    await expect(publishFile(part, final, { ranges })).rejects.toMatchObject({ code: 'target-exists' })
    expect(await readdir(final)).toEqual(['disk'])
  })
})
