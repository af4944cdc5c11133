import { corpusEntries, unpackCorpus, type CorpusEntry } from '@varve/test-kit/corpus'
import { tempPlace } from '@varve/test-kit/temp-place'
import { formatNames } from '@varve/core/image/format-rules'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Seed } from './seed.ts'

/** Larger images would only cost memory. */
const mostBytes = 32 * 1024 * 1024

/** The images of the corpus with the files they need; none when it is not beside the checkout. */
export async function corpusSeeds(): Promise<Seed[]> {
  const entries = corpusEntries() ?? []
  await using place = await tempPlace()
  unpackCorpus(entries, place.path)
  const nameOf = ({ file }: CorpusEntry) => file.replace(/\.zst$/u, '')
  const contents = new Map(
    entries.map((entry) => [nameOf(entry), new Uint8Array(readFileSync(join(place.path, nameOf(entry))))]),
  )
  const seeds: Seed[] = []
  for (const entry of entries) {
    const name = nameOf(entry)
    const bytes = contents.get(name)
    if (!bytes || bytes.length === 0 || bytes.length > mostBytes || name.endsWith('.xml')) continue
    const format = formatNames.find((known) => known === entry.format) ?? null
    const folder = dirname(name)
    const beside = [...contents].filter(
      ([other]) => other === entry.parent || (folder !== '.' && dirname(other) === folder),
    )
    const files = Object.fromEntries(
      [[name, bytes] as const, ...beside].map(([path, content]) => [`/corpus/${path}`, content]),
    )
    const group = format === 'raw' ? 'guest' : (format ?? 'others')
    seeds.push({ name, group, top: `/corpus/${name}`, format, files })
    const descriptor = entry.bundle === undefined ? null : `/corpus/${folder}/DiskDescriptor.xml`
    if (descriptor !== null && files[descriptor])
      seeds.push({ name: `${name} by its bundle`, group, top: descriptor, format, files })
  }
  return seeds
}
