import type { ImageRow } from '@varve/protocol/images'
import { renamed, withoutEnding, type TargetFormat } from '../../plans/target-formats.ts'

export interface NamingOptions {
  /** Null: they are volumes, whose names have no endings. */
  readonly format: TargetFormat | null
  /** Names that somebody wrote, by the id of the image. */
  readonly written: ReadonlyMap<string, string>
  /** Names that the target has already. */
  readonly taken: ReadonlySet<string>
}

/**
 * A target name for each image, by its id: its own with the new ending. Where two would be one file (also on a system that
 * does not tell capitals apart) the host's name is put in, then a number.
 */
export function batchNames(rows: readonly ImageRow[], options: NamingOptions): ReadonlyMap<string, string> {
  const { format, written, taken } = options
  const used = new Set([...taken, ...written.values()].map(folded))
  const plain = new Map(
    rows.map((row) => [
      row.id,
      format === null ? withoutEnding(baseName(row)) : renamed(baseName(row), format),
    ]),
  )
  const shared = new Set(repeated([...plain.values()].map(folded)))
  const names = new Map<string, string>()
  for (const row of rows) {
    const own = plain.get(row.id) ?? ''
    const name =
      written.get(row.id) ?? freeName(shared.has(folded(own)) ? suffixed(own, row.host) : own, used)
    used.add(folded(name))
    names.set(row.id, name)
  }
  return names
}

/** Ids of images whose names are the same file as another's of the batch. */
export function collidingIds(names: ReadonlyMap<string, string>): ReadonlySet<string> {
  const twice = new Set(repeated([...names.values()].map(folded)))
  return new Set([...names].flatMap(([id, name]) => (twice.has(folded(name)) ? [id] : [])))
}

function freeName(name: string, used: ReadonlySet<string>): string {
  for (let number = 2, free = name; ; number += 1) {
    if (!used.has(folded(free))) return free
    free = suffixed(name, String(number))
  }
}

/** `web.qcow2` with `north`: `web-north.qcow2`. */
function suffixed(name: string, suffix: string): string {
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? `${name}-${suffix}` : `${name.slice(0, dot)}-${suffix}${name.slice(dot)}`
}

function baseName({ name }: ImageRow): string {
  return name.split('/').at(-1) ?? name
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, at) => names.indexOf(name) !== at)
}
