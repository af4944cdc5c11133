import { formatNames, type FormatName } from '@varve/core/image/format-rules'
import { fromSparseFile, toSparseFile, type SparseFile } from '@varve/core/testing/fuzz-case'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { corpusSeeds } from './corpus-seeds.ts'
import { handmadeSeeds } from './handmade-seeds.ts'
import { madeSeeds } from './made-seeds.ts'
import type { Seed } from './seed.ts'

interface StoredSeed {
  readonly name: string
  readonly group: string
  readonly top: string
  readonly format: string | null
  readonly files: Readonly<Record<string, SparseFile>>
}

/**
 * All seeds. Those made here are kept in the file `store`, because tools put fresh UUIDs into what they make: with it the
 * same number gives the same inputs again.
 */
export async function loadSeeds(store: string): Promise<Seed[]> {
  if (!existsSync(store)) {
    const made = await madeSeeds()
    mkdirSync(dirname(store), { recursive: true })
    writeFileSync(store, JSON.stringify(made.map(toStored)))
  }
  const stored = JSON.parse(readFileSync(store, 'utf8')) as StoredSeed[]
  return [...(await corpusSeeds()), ...handmadeSeeds(), ...stored.map(fromStored)]
}

function toStored(seed: Seed): StoredSeed {
  return {
    ...seed,
    files: Object.fromEntries(Object.entries(seed.files).map(([path, bytes]) => [path, toSparseFile(bytes)])),
  }
}

function fromStored(stored: StoredSeed): Seed {
  const format: FormatName | null = formatNames.find((name) => name === stored.format) ?? null
  const files = Object.entries(stored.files).map(([path, file]) => [path, fromSparseFile(file)] as const)
  return { ...stored, format, files: Object.fromEntries(files) }
}
