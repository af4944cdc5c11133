import { stat, symlink, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

test('what is missing is made, what is there stays, links are followed', async () => {
  await using place = await tempPlace()
  await makeFolder(place.file('a/b/c'), 0o700)
  await makeFolder(place.file('a/b/c'), 0o755)
  expect((await stat(place.file('a/b/c'))).mode & 0o777).toBe(0o700)
  await symlink(place.file('a'), place.file('link'))
  await makeFolder(place.file('link/d'))
  expect((await stat(place.file('a/d'))).isDirectory()).toBe(true)
  await Promise.all([makeFolder(place.file('x/y/z')), makeFolder(place.file('x/y/z'))])
})

test('a file in the way is named', async () => {
  await using place = await tempPlace()
  await writeFile(place.file('f'), '')
  await expect(makeFolder(place.file('f/varve/runs'))).rejects.toMatchObject({
    code: 'not-writable',
    file: place.file('f'),
  })
})

test.skipIf(process.platform !== 'linux')('where no folder can be made it ends', async () => {
  await expect(makeFolder('/proc/nope/varve')).rejects.toMatchObject({ code: 'not-writable' })
})
