import { open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { confirmProof, forgetProof, keepProof, moveProof, provenSince, readProof } from './proof-store.ts'
import { keepImage, verifyImage } from './verify-image.ts'

const MiB = 1024 ** 2

async function patch(path: string, at: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, at)
}

const inputOf = (path: string) => ({ kind: 'image', path, roots: null, format: null }) as const

test('an image without a manifest has nothing to be compared with', async () => {
  await using place = await tempPlace()
  await writeFile(place.file('a.raw'), 'x'.repeat(512))
  await expect(verifyImage(inputOf(place.file('a.raw')), place.file('state'))).rejects.toMatchObject({
    code: 'no-proof',
    layer: 'L3',
  })
})

describe.skipIf(!requires('mkfs.ext4') || !requires('sfdisk'))('an image that was proven', () => {
  test('is proven again, and the chunks and layers that changed are named', async () => {
    await using place = await tempPlace()
    const [image, state] = [place.file('a.raw'), place.file('state')]
    await runToolOk('truncate', ['-s', '64M', place.file('fs')])
    await runToolOk('mkfs.ext4', ['-q', '-L', 'root', place.file('fs')])
    await runToolOk('truncate', ['-s', '96M', image])
    await writeFile(place.file('table'), 'label: gpt\nstart=2048, size=131072, name="root"\n')
    await runToolOk('sh', ['-c', 'sfdisk -q "$1" < "$2"', 'sh', image, place.file('table')])
    await patch(image, MiB, await readFile(place.file('fs')))
    const { proof } = await keepImage(inputOf(image), state)
    expect(await verifyImage(inputOf(image), state)).toMatchObject({
      isProven: true,
      chunks: [],
      places: [],
      filesChanged: [],
    })
    await patch(image, 30 * MiB, Buffer.from('another'))
    // What named the layers is gone too: it is named all the same.
    await patch(image, 0, new Uint8Array(MiB))
    const verified = await verifyImage(inputOf(image), state)
    expect(verified).toMatchObject({
      isProven: false,
      proof: { digest: proof.digest },
      chunks: [0, 7],
      ranges: [
        { start: 0, end: 4 * MiB },
        { start: 28 * MiB, end: 32 * MiB },
      ],
      filesChanged: [image],
    })
    expect(verified.places.map(({ layer, what }) => `${layer} ${what}`)).toEqual([
      'L4 partition table and boot code',
      expect.stringMatching(/^L4 partition 1 "root"/u),
      expect.stringMatching(/^L6 ext4 "root"/u),
    ])
  })
})

test('a proof of a staged image counts once that has its name, and goes along with a new one', async () => {
  await using place = await tempPlace()
  const [path, moved, stateFolder] = [place.file('a.raw'), place.file('b.raw'), place.file('state')]
  await writeFile(path, Buffer.alloc(8 * MiB, 1))
  await keepImage(inputOf(path), stateFolder)
  const kept = await readProof({ stateFolder, path })
  if (!kept) throw new Error('nothing was kept')
  await forgetProof({ stateFolder, path })
  await keepProof({ stateFolder, path, staging: 'id' }, kept)
  expect(await readProof({ stateFolder, path })).toBeNull()
  await confirmProof({ stateFolder, path, staging: 'id' })
  await confirmProof({ stateFolder, path, staging: 'id' })
  await moveProof({ stateFolder, path }, { stateFolder, path: moved })
  await moveProof({ stateFolder, path }, { stateFolder, path: moved })
  expect(await readProof({ stateFolder, path })).toBeNull()
  expect((await readProof({ stateFolder, path: moved }))?.proof).toMatchObject({
    path: moved,
    files: [{ path: moved, size: 8 * MiB }],
  })
  expect(await readdir(join(stateFolder, 'proofs'))).toHaveLength(1)
})

test.each([
  ['cut in its line', (bytes: Buffer) => bytes.subarray(0, 20)],
  ['cut in its leaves', (bytes: Buffer) => bytes.subarray(0, -1)],
  [
    'of another kind',
    (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('proof 1', 'proof 9'), 'latin1'),
  ],
])('a proof that is %s is not believed', async (_name, change) => {
  await using place = await tempPlace()
  const [path, stateFolder] = [place.file('a.raw'), place.file('state')]
  await writeFile(path, Buffer.alloc(512, 1))
  expect(await provenSince({ stateFolder, path })).toBeNull()
  const { proof } = await keepImage(inputOf(path), stateFolder)
  expect(await provenSince({ stateFolder, path })).toBe(proof.provenAt)
  const [name = ''] = await readdir(join(stateFolder, 'proofs'))
  const file = join(stateFolder, 'proofs', name)
  await writeFile(file, change(await readFile(file)))
  expect(await provenSince({ stateFolder, path })).toMatch(/^\d{4}-.*Z$/u)
  await expect(verifyImage(inputOf(path), stateFolder)).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:corrupt|truncated)$/u),
  })
  await rm(path)
})
