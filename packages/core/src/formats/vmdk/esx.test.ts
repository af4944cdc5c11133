import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { cowdHeader } from './cowd-header.ts'
import { buildCowd, buildSeSparse, esxDescriptor, type SeRecipe } from './testing/build-esx.ts'

const path = '/lib/vm.vmdk'
const sectors = 8 * 5000

/** The code of the error that opening and reading the whole disk gives, or null. */
async function codeOf(type: string, image: Uint8Array): Promise<string | null> {
  const descriptor = esxDescriptor(`RW ${sectors} ${type} "vm-delta.vmdk"`, { createType: 'custom' })
  const { ports } = memoryFiles({ [path]: new TextEncoder().encode(descriptor), '/lib/vm-delta.vmdk': image })
  const { problems } = await inspectChain(path, ports)
  try {
    await using chain = await openChain(path, ports)
    await chain.disk.readInto(new Uint8Array(sectors * 512), 0)
    expect(problems).toEqual([])
    return null
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

const grain = (length: number) => new Uint8Array(length).fill(7)
const recipes: readonly [string, SeRecipe, string | null][] = [
  ['sound', {}, null],
  ['of another version', { header: { version: 0x2_0000_0002 } }, 'unsupported-feature'],
  ['with other grains', { header: { grainSize: 16 } }, 'unsupported-feature'],
  ['with other tables', { header: { grainTableSize: 32 } }, 'unsupported-feature'],
  ['with flags', { header: { flags: 1 } }, 'unsupported-feature'],
  ['of 65 TiB', { header: { capacity: 65 * 2 ** 31 } }, 'limit-exceeded'],
  ['whose size is another', { header: { capacity: sectors + 16 } }, 'corrupt'],
  ['with a directory that is too short', { header: { grainDirectorySize: 0 } }, 'corrupt'],
  ['with a directory past its end', { header: { grainDirectoryOffset: 2 ** 40 } }, 'truncated'],
  ['with tables past its end', { header: { grainTablesOffset: 2 ** 41 } }, 'corrupt'],
  ['with grains past its end', { header: { grainsOffset: 2 ** 41 } }, 'corrupt'],
  ['without a volatile header', { header: { volatileHeaderOffset: 0 } }, 'corrupt'],
  ['with a journal to be replayed', { replayJournal: 1 }, 'refused'],
  ['with no tables', { header: { grainTablesSize: 0 } }, 'corrupt'],
  ['with an entry of no kind', { entries: { 5: [0, 1] } }, 'corrupt'],
  ['with an entry of an unknown kind', { entries: { 5: [0x7000_0000, 0] } }, 'corrupt'],
  ['with a grain far away', { entries: { 5: [0x3fff_ffff, 0xffff_ffff] } }, 'corrupt'],
]

describe('seSparse', () => {
  test.each(recipes)('an extent %s', async (_name, recipe, code) => {
    expect(await codeOf('SESPARSE', buildSeSparse(sectors, { 3: grain(4096), 4500: 'zero' }, recipe))).toBe(
      code,
    )
  })

  test('alone it is a part of a disk', async () => {
    const { ports } = memoryFiles({ [path]: buildSeSparse(sectors, {}) })
    await expect(openChain(path, ports)).rejects.toMatchObject({ code: 'refused' })
  })

  test('a hosted extent in its place is damage', async () => {
    expect(await codeOf('SPARSE', buildSeSparse(sectors, {}))).toBe('corrupt')
    expect(await codeOf('SESPARSE', buildCowd(sectors, {}))).not.toBeNull()
  })
})

describe('vmfsSparse', () => {
  const changed = (change: (view: DataView) => void) => {
    const image = buildCowd(sectors, { 3: grain(512), 5000: grain(512) })
    change(new DataView(image.buffer))
    return image
  }
  test.each([
    ['sound', () => {}, null],
    ['of another version', (view: DataView) => view.setUint32(4, 2, true), 'unsupported-feature'],
    ['with odd grains', (view: DataView) => view.setUint32(16, 3, true), 'corrupt'],
    ['with grains of nothing', (view: DataView) => view.setUint32(16, 0, true), 'corrupt'],
    ['with too few tables', (view: DataView) => view.setUint32(24, 1, true), 'corrupt'],
    ['with a directory past its end', (view: DataView) => view.setUint32(20, 2 ** 31, true), 'truncated'],
    ['of another size', (view: DataView) => view.setUint32(12, sectors + 5, true), 'corrupt'],
  ] as const)('an extent %s', async (_name, change, code) => {
    expect(await codeOf('VMFSSPARSE', changed(change))).toBe(code)
  })

  test('cut short anywhere', async () => {
    const image = changed(() => {})
    for (const length of [4, 600, cowdHeader.size, image.length - 1])
      expect(await codeOf('VMFSSPARSE', image.subarray(0, length))).not.toBeNull()
  })

  test('alone it is a part of a disk', async () => {
    const { ports } = memoryFiles({ [path]: changed(() => {}) })
    await expect(openChain(path, ports)).rejects.toMatchObject({ code: 'refused' })
  })
})
