import { truncate, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { rawDisk } from '../formats/raw/driver.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import { readGuestContents } from '../scan/read-guest.ts'
import { nodeFiles } from '../testing/node-files.ts'

async function onlyFilesystem(path: string): Promise<FilesystemFinding | undefined> {
  await using file = await nodeFiles.open(path)
  const { filesystems, problems } = await readGuestContents(rawDisk(file.source))
  expect(problems).toEqual([])
  expect(filesystems).toHaveLength(1)
  return filesystems[0]
}

describe.skipIf(!requires('mkudffs', 'udfinfo'))('UDF', () => {
  test.each([512, 2048, 4096])('with blocks of %d bytes: as udfinfo says', async (blockSize) => {
    await using place = await tempPlace()
    const path = place.file('disk.img')
    await writeFile(path, '')
    await truncate(path, 64 * 1024 * 1024)
    await runToolOk('mkudffs', ['-b', `${blockSize}`, '--lvid=Zweite Platte', path])
    const told = await runToolOk('udfinfo', [path])
    const valueOf = (name: string) => new RegExp(`^${name}=(.+)$`, 'mu').exec(told)?.[1]
    expect(await onlyFilesystem(path)).toMatchObject({
      type: 'udf',
      sure: 'consistent',
      label: 'Zweite Platte',
      uuid: valueOf('uuid'),
      free: Number(valueOf('freeblocks')) * blockSize,
      blockSize,
      state: 'clean',
    })
  })
})

describe.skipIf(!requires('genisoimage'))('ISO 9660', () => {
  test.each([
    ['plain', [], 'VARVE_DISC', []],
    ['with Joliet', ['-J'], 'Varve 2026', ['with Joliet']],
    ['whose Joliet name is cut', ['-J'], 'A name of more than 16 ones', ['with Joliet']],
    ['with UDF', ['-J', '-udf'], 'Varve 2026', ['with Joliet', 'also UDF']],
  ])('%s', async (_, options, label, notes) => {
    await using place = await tempPlace()
    const path = place.file('disc.iso')
    await writeFile(place.file('file'), 'content')
    await runToolOk('genisoimage', ['-quiet', ...options, '-V', label, '-o', path, place.file('file')])
    expect(await onlyFilesystem(path)).toMatchObject({ type: 'iso9660', label, notes, state: 'clean' })
  })
})
