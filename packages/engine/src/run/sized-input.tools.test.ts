import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { cutDisk } from '../cutting/cut-disk.ts'
import { openInput } from './open-input.ts'
import type { DiskInput } from './requests.ts'

const mib = 1024 ** 2

/** A GPT with one partition up to 20 MiB of a disk of 32 MiB. */
async function diskIn(place: TempPlace): Promise<string> {
  const path = place.file('a.raw')
  await writeFile(path, Buffer.alloc(32 * mib, 'varve '))
  const layout = 'label: gpt\nstart=2048, size=38912\n'
  await runToolOk('sh', ['-c', 'printf %s "$2" | sfdisk -q --wipe never "$1"', 'sh', path, layout])
  return path
}

async function bytesOf(path: string, sized: Partial<Extract<DiskInput, { kind: 'image' }>>): Promise<Buffer> {
  await using opened = await openInput(
    { kind: 'image', path, roots: null, format: 'raw', ...sized },
    { io: 'async' },
  )
  const bytes = Buffer.alloc(opened.disk.virtualSize)
  await opened.disk.readInto(bytes, 0)
  return bytes
}

describe.skipIf(!requires('sfdisk'))('a disk that is read with another size', () => {
  test('has zeros behind its end, where it has the size that was told', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    const bytes = await bytesOf(path, { extended: { from: 32 * mib, to: 40 * mib } })
    expect(bytes.equals(Buffer.concat([await readFile(path), Buffer.alloc(8 * mib)]))).toBe(true)
    for (const extended of [
      { from: 31 * mib, to: 40 * mib },
      { from: 32 * mib, to: 31 * mib },
    ])
      await expect(bytesOf(path, { extended })).rejects.toMatchObject({ code: 'invalid-request' })
  })

  test('is the same as a file that was cut, and is not written to', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    const before = await readFile(path)
    const bytes = await bytesOf(path, { cutTo: 24 * mib })
    expect(before.equals(await readFile(path))).toBe(true)
    const cut = place.file('cut.raw')
    await copyFile(path, cut)
    await cutDisk(cut, { size: 24 * mib, name: 'a' })
    expect(bytes.equals(await readFile(cut))).toBe(true)
  })

  test.each([
    ['a partition reaches behind it', 19 * mib, 'partition 1'],
    ['its table has no room', 20 * mib, 'GPT'],
    ['it is no whole sector', 24 * mib + 1, 'no multiple'],
    ['it has fewer bytes', 33 * mib, 'fewer'],
  ])('is refused where %s', async (_why, cutTo, words) => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    await expect(bytesOf(path, { cutTo })).rejects.toMatchObject({
      code: 'refused',
      details: { reason: expect.stringContaining(words) as string },
    })
  })

  test('a damaged disk is not cut', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    await truncate(path, 512)
    await truncate(path, 32 * mib)
    await expect(bytesOf(path, { cutTo: 24 * mib })).rejects.toMatchObject({ code: 'refused' })
  })
})
