import { readFile, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { buildCowd, buildSeSparse, esxDescriptor, type EsxGrains } from './testing/build-esx.ts'

const MiB = 1024 ** 2
const sectors = (36 * MiB + 3 * 512) / 512

function randomBytes(length: number, seed: number): Buffer {
  const random = seededRandom(seed)
  return Buffer.from(Uint8Array.from({ length }, () => random(256)))
}

/** Grains alone, in runs that lie in order, and at both ends of tables. */
function patchyGrains(grainBytes: number, marks: readonly ('zero' | 'unmapped')[]): EsxGrains {
  const last = Math.floor((sectors * 512) / grainBytes) - 1
  const grains: Record<number, Uint8Array | 'zero' | 'unmapped'> = {}
  for (const start of [0, 7, 4090, last - 40]) {
    for (let index = start; index < start + 12; index += 1) grains[index] = randomBytes(grainBytes, index + 1)
  }
  for (const [order, mark] of marks.entries()) {
    grains[100 + order] = mark
    grains[4200 + order] = mark
  }
  return grains
}

const kinds = [
  {
    createType: 'vmfsSparse',
    type: 'VMFSSPARSE',
    suffix: 'delta',
    image: buildCowd(sectors, patchyGrains(512, [])),
  },
  {
    createType: 'seSparse',
    type: 'SESPARSE',
    suffix: 'sesparse',
    image: buildSeSparse(sectors, patchyGrains(4096, ['zero', 'unmapped'])),
  },
]

describe.skipIf(!requires('qemu-img')).each(kinds)('$createType', ({ createType, type, suffix, image }) => {
  const extent = `RW ${sectors} ${type} "vm-000001-${suffix}.vmdk"`

  async function expectAsQemu(path: string, raw: string): Promise<void> {
    await runToolOk('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', path, raw])
    const wanted = await readFile(raw)
    await using chain = await openChain(path, nodePorts)
    const found = Buffer.alloc(chain.disk.virtualSize, 0xee)
    await chain.disk.readInto(found, 0)
    expect(found.length).toBe(wanted.length)
    expect(found.equals(wanted)).toBe(true)
    for await (const { start, length, content } of chain.disk.extents({ start: 0, end: found.length })) {
      if (content !== 'data')
        expect(found.subarray(start, start + length).every((byte) => byte === 0)).toBe(true)
    }
  }

  test('alone, as QEMU reads it', async () => {
    await using place = await tempPlace()
    await writeFile(place.file(`vm-000001-${suffix}.vmdk`), image)
    const path = place.file('vm-000001.vmdk')
    await writeFile(path, esxDescriptor(extent, { createType }))
    const { links, problems } = await inspectChain(path, nodePorts)
    expect(problems).toEqual([])
    expect(links[0].facts).toMatchObject({ subformat: createType, virtualSize: sectors * 512 })
    await expectAsQemu(path, place.file('raw'))
  })

  test('as a delta over a flat disk, as QEMU reads it', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('vm-flat.vmdk'), randomBytes(sectors * 512, 99))
    const base = esxDescriptor(`RW ${sectors} VMFS "vm-flat.vmdk"`, { createType: 'vmfs' })
    await writeFile(place.file('vm.vmdk'), base)
    await writeFile(place.file(`vm-000001-${suffix}.vmdk`), image)
    const path = place.file('vm-000001.vmdk')
    await writeFile(path, esxDescriptor(extent, { createType, parent: 'vm.vmdk' }))
    expect((await inspectChain(path, nodePorts)).links).toHaveLength(2)
    await expectAsQemu(path, place.file('raw'))
  })
})
