import { cowdHeader } from '../cowd-header.ts'
import { seHeader, seVolatileHeader } from '../se-sparse-header.ts'
import { sectorSize } from '../sparse-header.ts'

/** Grains by index; `zero` and `unmapped` exist in seSparse only. */
export type EsxGrains = Readonly<Record<number, Uint8Array | 'zero' | 'unmapped'>>

/** A vmfsSparse extent with grains of one sector, as ESXi makes them. */
export function buildCowd(sectors: number, grains: EsxGrains): Uint8Array {
  const tables = Math.ceil(sectors / 4096)
  const directoryAt = 4
  const tablesAt = directoryAt + Math.ceil((tables * 4) / sectorSize)
  const contents = Object.entries(grains)
  const grainsAt = tablesAt + tables * 32
  const image = new Uint8Array((grainsAt + contents.length) * sectorSize)
  const view = new DataView(image.buffer)
  image.set(
    cowdHeader.write({
      magic: 'COWD',
      version: 1,
      flags: 3,
      numSectors: sectors,
      grainSize: 1,
      gdOffset: directoryAt,
      numGDEntries: tables,
      freeSector: grainsAt + contents.length,
      uncleanShutdown: 0,
    }),
  )
  for (const [order, [key, content]] of contents.entries()) {
    if (typeof content === 'string') continue
    const table = Math.floor(Number(key) / 4096)
    const tableAt = tablesAt + table * 32
    view.setUint32(directoryAt * sectorSize + table * 4, tableAt, true)
    view.setUint32(tableAt * sectorSize + (Number(key) % 4096) * 4, grainsAt + order, true)
    image.set(content, (grainsAt + order) * sectorSize)
  }
  return image
}

export interface SeRecipe {
  readonly header?: Partial<Parameters<typeof seHeader.write>[0]>
  readonly replayJournal?: number
  /** High and low half of the entry of a grain. */
  readonly entries?: Readonly<Record<number, readonly [number, number]>>
}

/** An seSparse extent; its tables lie in falling order, so that an index is not the table's place in the directory. */
export function buildSeSparse(sectors: number, grains: EsxGrains, recipe: SeRecipe = {}): Uint8Array {
  const tables = Math.ceil(sectors / 8 / 4096)
  const directorySectors = Math.ceil((tables * 8) / sectorSize)
  const directoryAt = 8
  const tablesAt = directoryAt + directorySectors
  const grainsAt = tablesAt + tables * 64
  const contents = Object.entries(grains)
  const image = new Uint8Array((grainsAt + contents.length * 8) * sectorSize)
  const view = new DataView(image.buffer)
  image.set(
    seHeader.write({
      magic: 0xcafe_babe,
      version: 0x2_0000_0001,
      capacity: sectors,
      grainSize: 8,
      grainTableSize: 64,
      flags: 0,
      volatileHeaderOffset: 1,
      volatileHeaderSize: 1,
      grainDirectoryOffset: directoryAt,
      grainDirectorySize: directorySectors,
      grainTablesOffset: tablesAt,
      grainTablesSize: tables * 64,
      grainsOffset: grainsAt,
      grainsSize: contents.length * 8,
      ...recipe.header,
    }),
  )
  const volatile = { magic: 0xcafe_cafe, freeTableNumber: 0, nextTransaction: 0 }
  image.set(seVolatileHeader.write({ ...volatile, replayJournal: recipe.replayJournal ?? 0 }), sectorSize)
  const setEntry = (grain: number, [high, low]: readonly [number, number]) => {
    const table = Math.floor(grain / 4096)
    const index = tables - 1 - table
    const at = directoryAt * sectorSize + table * 8
    view.setUint32(at, index, true)
    view.setUint32(at + 4, 0x1000_0000, true)
    const entryAt = tablesAt * sectorSize + index * 32_768 + (grain % 4096) * 8
    view.setUint32(entryAt, low, true)
    view.setUint32(entryAt + 4, high, true)
  }
  for (const [order, [key, content]] of contents.entries()) {
    if (content === 'zero') setEntry(Number(key), [0x2000_0000, 0])
    else if (content === 'unmapped') setEntry(Number(key), [0x1000_0000, 0])
    else {
      setEntry(Number(key), [0x3000_0000 + (order & 0xfff) * 0x1_0000, order >>> 12])
      image.set(content, grainsAt * sectorSize + order * 4096)
    }
  }
  for (const [grain, entry] of Object.entries(recipe.entries ?? {})) setEntry(Number(grain), entry)
  return image
}

/** The descriptor of a disk of one extent, or of a delta over `parent`. */
export function esxDescriptor(
  extent: string,
  { createType, parent }: { readonly createType: string; readonly parent?: string },
): string {
  return [
    '# Disk DescriptorFile',
    'version=3',
    `CID=${parent ? '11111111' : 'fffffffe'}`,
    `parentCID=${parent ? 'fffffffe' : 'ffffffff'}`,
    `createType="${createType}"`,
    ...(parent ? [`parentFileNameHint="${parent}"`] : []),
    extent,
    '',
  ].join('\n')
}
