import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'

export interface CorpusEntry {
  readonly file: string
  readonly format?: string
  readonly subformat?: string
  readonly virtualSize?: number
  readonly sha256?: string
  readonly allZero?: boolean
  readonly parent?: string
  readonly bundle?: string
  readonly role?: string
  readonly expect?: 'refused'
  readonly contains?: string
}

const corpusFolder = resolve(import.meta.dirname, '../../../../shared/corpus')

/** The entries of the corpus, or null with the reason printed when it is not beside the checkout. */
export function corpusEntries(): readonly CorpusEntry[] | null {
  const manifest = join(corpusFolder, 'manifest.json')
  if (!existsSync(manifest)) {
    process.stderr.write('skipped: ../shared/corpus is not beside the checkout\n')
    return null
  }
  return JSON.parse(readFileSync(manifest, 'utf8')) as CorpusEntry[]
}

/** Unpacks every file of the corpus below `folder`, with its relative path, `.zst` taken off. */
export function unpackCorpus(entries: readonly CorpusEntry[], folder: string): void {
  for (const { file } of entries) {
    const target = join(folder, file.replace(/\.zst$/u, ''))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, zstdDecompressSync(readFileSync(join(corpusFolder, 'images', file))))
  }
}
