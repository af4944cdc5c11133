import { readFile, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { openChain } from '../../chain/open-chain.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { blockSize, buildVhd, type VhdRecipe } from './testing/build-vhd.ts'

async function ours(path: string, choices: ReadingChoices): Promise<Uint8Array> {
  await using chain = await openChain(path, nodePorts, { choices })
  const bytes = new Uint8Array(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

const data = Uint8Array.from({ length: blockSize }, (_, index) => (index % 251) + 1)
const blocks = Array(40).fill({ bitmap: Uint8Array.of(0b1010_0000), data }) as VhdRecipe['blocks']

test.skipIf(!requires('qemu-img')).each<[string, VhdRecipe, ReadingChoices]>([
  [
    'sectors that no bitmap marks as stored',
    { currentSize: 40 * blockSize, blocks: blocks ?? [] },
    { vhdBitmap: 'ignore' },
  ],
  [
    'the geometry of a disk that VirtualBox made',
    {
      type: 'fixed',
      creator: 'vbox',
      currentSize: 320 * 512,
      geometry: [4, 4, 17],
      content: new Uint8Array(320 * 512).fill(5),
    },
    { vhdSize: 'geometry' },
  ],
  [
    'the current size of a disk that Hyper-V made',
    {
      type: 'fixed',
      creator: 'win ',
      currentSize: 320 * 512,
      geometry: [4, 4, 17],
      content: new Uint8Array(320 * 512).fill(5),
    },
    {},
  ],
])('read as QEMU reads it: %s', async (_what, recipe, choices) => {
  await using place = await tempPlace()
  const path = place.file('disk.vhd')
  await writeFile(path, buildVhd(recipe))
  await runToolOk('qemu-img', ['convert', '-f', 'vpc', '-O', 'raw', path, place.file('disk.raw')])
  const theirs = await readFile(place.file('disk.raw'))
  expect(theirs.equals(await ours(path, choices))).toBe(true)
})
