import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { syncPath } from '../files/sync-file.ts'
import { systemCode, writeError } from '../system/system-error.ts'
import type { IncomingFile } from './manifest.ts'
import { inodeOf, isOneName, type NameCalls } from './names.ts'

/** One file on its way; both paths are absolute. */
export interface Move {
  readonly from: string
  readonly to: string
  readonly kind: 'file' | 'folder'
  readonly inode: string
}

const withoutLinks = new Set(['ENOSYS', 'EINVAL', 'EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EISDIR', 'EMLINK'])

/**
 * Moves files, never over others; may be repeated after any death. Where files can have two names, all get the new one before
 * the first loses its old one: at every moment they are whole here or there. Throws `target-exists` before anything is moved,
 * and `source-changed` for a file that is not the one that was meant.
 */
export async function moveAll(moves: readonly Move[], names: NameCalls): Promise<void> {
  for (const move of moves) assertPossible(move)
  const [only, ...others] = moves
  if (only && others.length === 0) moveOne(only, names)
  else {
    for (const move of moves) giveSecondName(move, names)
    for (const move of moves) moveOne(move, names)
  }
  await syncFolders(moves)
}

/** Waits until the names of what was moved are on the medium. */
export async function syncFolders(moves: readonly Pick<Move, 'from' | 'to'>[]): Promise<void> {
  const folders = new Set(moves.flatMap(({ from, to }) => [dirname(to), dirname(from)]))
  // A folder that was emptied may be gone.
  for (const folder of folders) if (inodeOf(folder) !== null) await syncPath(folder)
}

function assertPossible({ from, to, inode }: Move): void {
  const there = inodeOf(to)
  if (there === inode) return
  if (there !== null) throw new DiskError('target-exists', { file: to })
  const here = inodeOf(from)
  if (here === inode) return
  const change = here === null ? 'it was removed' : 'another file took its name'
  throw new DiskError('source-changed', { file: from, change })
}

function giveSecondName({ from, to, kind, inode }: Move, names: NameCalls): void {
  if (kind === 'folder' || inodeOf(to) === inode) return
  mkdirSync(dirname(to), { recursive: true })
  try {
    names.link(from, to)
  } catch (error) {
    if (!withoutLinks.has(systemCode(error) ?? '')) throw writeError(error, to)
  }
}

function moveOne({ from, to, inode }: Move, names: NameCalls): void {
  try {
    if (inodeOf(to) === inode) {
      takeOff({ from, to, inode }, names)
      return
    }
    mkdirSync(dirname(to), { recursive: true })
    names.renameNew(from, to)
  } catch (error) {
    throw writeError(error, to)
  }
}

/** Takes the first name off a file that has its second one. */
function takeOff({ from, to, inode }: Pick<Move, 'from' | 'to' | 'inode'>, names: NameCalls): void {
  if (from === to || inodeOf(from) !== inode) return
  if (isOneName(from, to)) names.renameOver(from, to)
  else names.unlink(from)
}

/** Originals with the names that they are kept under, and what takes their place; all paths absolute. */
export interface Swap {
  readonly originals: readonly Move[]
  readonly incoming: readonly Move[]
}

/**
 * Gives new files the names of originals, which are kept; may be repeated after any death. Each name goes over in one step where
 * the host can do that: a file is kept by a second name first, a folder changes names with the new one. What is neither
 * original nor new is never replaced: throws `target-exists`.
 */
export async function swapIn({ originals, incoming }: Swap, names: NameCalls): Promise<void> {
  const here = { originals, incoming }
  for (const move of incoming) assertPlaceable(move, here)
  for (const move of originals) if (inodeOf(move.from) === move.inode) giveSecondName(move, names)
  await syncFolders(originals)
  for (const move of incoming) placeOne(move, here, names)
  for (const original of originals) clearAway(original, here, names)
  await syncFolders([...originals, ...incoming])
}

function originalAt(path: string, { originals }: Swap): Move | null {
  const inode = inodeOf(path)
  return originals.find((one) => one.from === path && one.inode === inode) ?? null
}

function assertPlaceable({ from, to, inode }: Move, swap: Swap): void {
  const there = inodeOf(to)
  if (there === inode) return
  if (there !== null && originalAt(to, swap) === null) throw new DiskError('target-exists', { file: to })
  if (inodeOf(from) !== inode) throw new DiskError('part-missing', { file: from })
}

function placeOne(move: Move, swap: Swap, names: NameCalls): void {
  const { from, to, kind, inode } = move
  try {
    if (inodeOf(to) === inode) {
      // An original that was never replaced, and has a second name only.
      takeOff(move, names)
      return
    }
    const original = originalAt(to, swap)
    if (original === null) names.renameNew(from, to)
    else if (kind === 'file' && original.kind === 'file' && inodeOf(original.to) === original.inode)
      names.renameOver(from, to)
    else if (!names.exchange(from, to)) {
      moveOne(original, names)
      names.renameNew(from, to)
    }
  } catch (error) {
    throw writeError(error, to)
  }
}

/** An original that has not left its name, or that has that of what took its place, goes to where it is kept. */
function clearAway(original: Move, { incoming }: Swap, names: NameCalls): void {
  const exchanged = incoming.find(({ to }) => to === original.from)
  const places = [original.from, ...(exchanged ? [exchanged.from] : [])]
  for (const from of places) if (inodeOf(from) === original.inode) moveOne({ ...original, from }, names)
}

/** What comes in, as moves below `folder`. */
export function incomingMoves(folder: string, incoming: readonly IncomingFile[]): Move[] {
  return incoming.map(({ from, path, kind, inode }) => ({
    from: join(folder, from),
    to: join(folder, path),
    kind,
    inode,
  }))
}
