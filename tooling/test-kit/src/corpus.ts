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

/**
 * Where the manifest is wrong. fat-differential.vhd: libvhdi reads sector 186 as zeros though its bit in the sector bitmap
 * (byte 23 = 0xcb) is not set; the parent has the 12 bytes of WPSettings.dat there, which the guest's FAT still names,
 * and the VHDX pair made by the same steps agrees with the bitmap.
 */
const corrected: Readonly<Record<string, string>> = {
  'fat-differential.vhd.zst': 'f4b61a33ee2f7e8c19f737792a4107e46340026a9a829e4169b751901cc3ef02',
}

/** The entries of the corpus, corrected, or null with the reason printed when it is not beside the checkout. */
export function corpusEntries(): readonly CorpusEntry[] | null {
  const manifest = join(corpusFolder, 'manifest.json')
  if (!existsSync(manifest)) {
    process.stderr.write('skipped: ../shared/corpus is not beside the checkout\n')
    return null
  }
  const entries = JSON.parse(readFileSync(manifest, 'utf8')) as CorpusEntry[]
  return entries.map((entry) => {
    const sha256 = corrected[entry.file]
    return sha256 === undefined ? entry : { ...entry, sha256 }
  })
}

/** Unpacks every file of the corpus below `folder`, with its relative path, `.zst` taken off. */
export function unpackCorpus(entries: readonly CorpusEntry[], folder: string): void {
  for (const { file } of entries) {
    const target = join(folder, file.replace(/\.zst$/u, ''))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, zstdDecompressSync(readFileSync(join(corpusFolder, 'images', file))))
  }
}
