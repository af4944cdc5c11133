import { copyFile, link, symlink, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { sameFileAs } from './same-file.ts'

test('a file is known by any of its names, and a copy is another', async () => {
  await using place = await tempPlace()
  const image = place.file('a.vhdx')
  await writeFile(image, 'disk')
  await link(image, place.file('hard.vhdx'))
  await symlink(image, place.file('soft.vhdx'))
  await copyFile(image, place.file('copy.vhdx'))
  const isImage = await sameFileAs(image)
  const told = await Promise.all(
    ['a.vhdx', 'hard.vhdx', 'soft.vhdx', 'copy.vhdx', 'gone.vhdx'].map(async (name) =>
      isImage?.(place.file(name)),
    ),
  )
  expect(told).toEqual([true, true, true, false, false])
  expect(await sameFileAs(place.file('gone.vhdx'))).toBeNull()
})
