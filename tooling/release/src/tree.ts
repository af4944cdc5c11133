import { readFile } from 'node:fs/promises'

/** One file or link of what is packed; folders follow from the paths. */
export type TreeEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: Mode; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly path: string; readonly mode: Mode; readonly from: string }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }

/** The only modes there are: what the checkout's files happen to have says nothing. */
export type Mode = 0o644 | 0o755

/** A file of text. */
export function textFile(path: string, text: string, mode: Mode = 0o644): TreeEntry {
  return { kind: 'file', path, mode, bytes: Buffer.from(text) }
}

/** The same entries below another folder. */
export function moveTree(entries: readonly TreeEntry[], folder: string): TreeEntry[] {
  return entries.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` }))
}

/** Every folder that the entries lie in, parents first. */
export function foldersOf(entries: readonly TreeEntry[]): string[] {
  const folders = new Set<string>()
  for (const { path } of entries) {
    const parts = path.split('/').slice(0, -1)
    for (let depth = 1; depth <= parts.length; depth++) folders.add(parts.slice(0, depth).join('/'))
  }
  return [...folders].sort(byCodeUnits)
}

/** In an order that no locale changes; throws when two have one path. */
export function sortTree(entries: readonly TreeEntry[]): TreeEntry[] {
  const sorted = [...entries].sort((a, b) => byCodeUnits(a.path, b.path))
  for (const [index, { path }] of sorted.entries())
    if (sorted[index + 1]?.path === path) throw new Error(`${path} is packed twice`)
  return sorted
}

export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** The bytes of a file of the tree. */
export async function bytesOf(entry: Exclude<TreeEntry, { kind: 'link' }>): Promise<Uint8Array> {
  return entry.kind === 'file' ? entry.bytes : await readFile(entry.from)
}
