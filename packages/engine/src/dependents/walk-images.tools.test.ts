import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { walkImages } from './walk-images.ts'

test('the files of a guest that is mounted in a folder are no images, unless the mount is what is asked for', async () => {
  await using place = await tempPlace()
  const guest = place.file('lib/guest')
  await mkdir(join(guest, 'deep'), { recursive: true })
  for (const name of ['lib/a.qcow2', 'lib/guest/b.qcow2', 'lib/guest/deep/c.qcow2'])
    await writeFile(place.file(name), '')
  const walked = async (folder: string) => {
    const gaps = { unread: [] }
    const found: string[] = []
    for await (const path of walkImages([folder], gaps, new Set([guest])))
      found.push(path.slice(place.path.length + 1))
    expect(gaps.unread).toEqual([])
    return found.sort()
  }
  expect(await walked(place.file('lib'))).toEqual(['lib/a.qcow2'])
  expect(await walked(guest)).toEqual(['lib/guest/b.qcow2', 'lib/guest/deep/c.qcow2'])
})
