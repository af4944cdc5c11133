import type { ExtRecipe, FilesystemRecipe, XfsRecipe } from '@varve/core/filesystems/filesystem-recipe'
import type { FilesystemFinding } from '@varve/core/guest/guest-contents'
import { upToUnit } from './sizes.ts'

const mib = 1024 ** 2

type Filled = Pick<FilesystemFinding, 'used' | 'size'>

/** Bytes that its files and folders have, without what the filesystem keeps for itself. */
export function contentBytes(recipe: FilesystemRecipe, { used }: Filled): number {
  const own = recipe.kind === 'ext' ? recipe.ownBytes : recipe.logBytes
  return Math.max(0, (used ?? 0) - own)
}

/** Inodes of a new ext of so many bytes: as many for its size as the old one has, and some more than are in use. */
export function inodesFor({ inodes, usedInodes }: ExtRecipe, size: number, before: number): number {
  const inProportion = before > 0 ? Math.ceil((inodes * size) / before) : inodes
  return Math.max(inProportion, usedInodes + Math.max(64, Math.ceil(usedInodes / 8)))
}

/** Blocks of the journal that mke2fs gives by itself, by the blocks of the filesystem (e2fsprogs, ext2fs_default_journal_size). */
const journals: readonly (readonly [below: number, blocks: number])[] = [
  [32_768, 1024],
  [256 * 1024, 4096],
  [512 * 1024, 8192],
  [4096 * 1024, 16_384],
  [8192 * 1024, 32_768],
  [16_384 * 1024, 65_536],
  [32_768 * 1024, 131_072],
]

/** Bytes of the journal of a new ext in whole MiB: no more than the old one has, and than is usual for its size; 0: none. */
export function journalFor({ journalBytes, features, blockSize }: ExtRecipe, size: number): number {
  if (!features.includes('has_journal')) return 0
  const usual = journals.find(([below]) => size / blockSize < below)?.[1] ?? 262_144
  // Old ones do not say in their superblock how large it is.
  const wanted = Math.min(journalBytes === 0 ? Infinity : journalBytes, usual * blockSize)
  return Math.max(1024 * blockSize, Math.ceil(wanted / mib) * mib)
}

/** Below that mkfs.xfs makes none: the log of a striped one has 64 MiB, which have to fit into one of its groups. */
export function smallestXfs({ stripeUnit }: XfsRecipe): number {
  return (stripeUnit > 0 ? 576 : 300) * mib
}
/** The log of a small XFS, of several versions of mkfs.xfs. */
const xfsLog = { least: 8 * mib, usual: 64 * mib }

/** Bytes that a new filesystem of so many bytes keeps for itself, at least. */
export function ownBytesOf(recipe: FilesystemRecipe, size: number, before: number): number {
  if (recipe.kind === 'xfs') return xfsLog.least
  const tables = inodesFor(recipe, size, before) * recipe.inodeSize
  return tables + journalFor(recipe, size)
}

/** The smallest filesystem for those files, with slack for who starts it, in whole MiB; null: nobody can tell. */
export function leastByFiles(recipe: FilesystemRecipe | null, filesystem: Filled | null): number | null {
  if (recipe === null || filesystem === null) return null
  if (filesystem.used === null || filesystem.size === null) return null
  const content = contentBytes(recipe, filesystem)
  const wanted = content + slackOver(content, recipe)
  return recipe.kind === 'xfs' ? leastXfs(recipe, wanted) : leastExt(recipe, wanted, filesystem.size)
}

/** What the files take in another layout, and what a guest writes when it starts. */
function slackOver(content: number, { kind }: FilesystemRecipe): number {
  return Math.max(kind === 'xfs' ? 64 * mib : 32 * mib, content / 8)
}

function leastXfs(recipe: XfsRecipe, wanted: number): number {
  const { features } = recipe
  // Of its groups it keeps some for the trees that grow while files share blocks.
  const kept = features.reflink || features.rmapbt ? 1.05 : 1.02
  const size = Math.max(smallestXfs(recipe), wanted * kept + xfsLog.usual)
  return upToUnit(Math.max(size, wanted * kept + size / 2048))
}

/** Its tables grow with it. */
function leastExt(recipe: ExtRecipe, wanted: number, before: number): number {
  let size = wanted
  for (let round = 0; round < 16; round += 1) {
    const groups = Math.ceil(size / (recipe.blockSize * recipe.blockSize * 8))
    const next = wanted + ownBytesOf(recipe, size, before) + groups * 16 * recipe.blockSize
    if (next <= size) break
    size = next
  }
  return upToUnit(size / (1 - Math.min(0.1, recipe.reservedShare)))
}
