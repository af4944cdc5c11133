import { filesystemName, volumeName } from '../guest/guest-names.ts'
import type { GuestContents } from '../guest/guest-contents.ts'
import { tableName } from '../guest/partition-names.ts'

const tableNames = { gpt: 'GPT', mbr: 'MBR', hybrid: 'GPT and MBR', apm: 'APM' } as const

/** Kinds named before the rest becomes `and 3 more`. */
const namedKinds = 5

/** What is inside in a few words: `GPT · FAT32, ext4, swap`; `empty` when nothing was recognised. */
export function describeContents(guest: GuestContents): string {
  const found = [
    ...guest.volumes.map(({ start, type }) => ({ start, name: volumeName(type) })),
    ...guest.filesystems
      .filter(
        ({ type, start }) => !(type === 'apfs' && guest.volumes.some((volume) => volume.start === start)),
      )
      .map(({ start, type }) => ({ start, name: filesystemName(type) })),
  ].sort((a, b) => a.start - b.start)
  const names = [...new Set(found.map(({ name }) => name))]
  const rest = names.length - namedKinds
  const inside = rest > 1 ? `${names.slice(0, namedKinds).join(', ')} and ${rest} more` : names.join(', ')
  const table = tableName(guest.table, tableNames)
  if (guest.table.kind === 'none') return inside === '' ? 'empty' : inside
  return inside === '' ? `${table} · no filesystem` : `${table} · ${inside}`
}
