import { type FileHandle, open } from 'node:fs/promises'
import { openChain } from '@varve/core/chain/open-chain'
import { whatLiesBeyond, type Beyond } from '@varve/core/guest/beyond-end'
import type { GuestContents } from '@varve/core/guest/guest-contents'
import { GuestDisk } from '@varve/core/guest/guest-region'
import { gptEndingAt, type DiskPiece } from '@varve/core/partitions/gpt-end'
import { DiskError } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { formatBytes } from '@varve/core/units/format-bytes'
import { writePieces } from './write-pieces.ts'
import { nodePorts } from '../ports/ports.ts'
import { writeError } from '../system/system-error.ts'

export interface CutOptions {
  /** Bytes that stay. */
  readonly size: number
  /** What people call the disk, for messages. */
  readonly name: string
  /** How what lies behind is taken away, when all else is on the medium; left out: as of a file. */
  readonly shorten?: () => Promise<void>
}

/** Findings about a GPT that stand until its backup is written at the new end. */
const mended = new Set(['gpt-backup-not-at-end', 'gpt-backup-damaged'])

/**
 * Cuts a raw disk that nobody else has open; cut already, it succeeds. Throws `refused`, with nothing written, where anything
 * would be lost by it: what the disk holds is read by Varve itself, whatever other tools have said.
 */
export async function cutDisk(
  path: string,
  { size, name, shorten }: CutOptions,
): Promise<{ readonly size: number; readonly cut: number }> {
  const before = await lookAt(path, async ({ contents, whole, virtualSize }) => {
    if (virtualSize < size) throw refused(name, `it has ${virtualSize} bytes, fewer than ${size}`)
    assertSound(contents, name)
    assertNothingBeyond(contents, size, name)
    const { kind, sectorSize } = contents.table
    if (size % sectorSize !== 0)
      throw refused(name, `its sectors have ${sectorSize} bytes, and ${size} is no multiple of that`)
    return {
      virtualSize,
      pieces: kind === 'gpt' ? await gptEndingAt(whole, { sectorSize, diskSize: size }) : [],
    }
  })
  await write(path, before.pieces)
  await (shorten ?? (async () => truncateFile(path, size)))()
  await lookAt(path, async ({ contents, virtualSize }) => {
    const left = contents.problems.filter(isWrong)
    if (virtualSize !== size || left.length > 0 || contents.table.sure !== 'consistent')
      throw refused(name, `after the cut it reads as damaged: ${left[0]?.message ?? `${virtualSize} bytes`}`)
    return Promise.resolve()
  })
  return { size, cut: before.virtualSize - size }
}

interface Seen {
  readonly contents: GuestContents
  readonly whole: ReturnType<GuestDisk['whole']>
  readonly virtualSize: number
}

async function lookAt<T>(path: string, look: (seen: Seen) => Promise<T>): Promise<T> {
  await using chain = await openChain(path, nodePorts({ roots: null }), { format: 'raw' })
  const { disk } = chain
  const contents = await readGuestContents(disk)
  return await look({ contents, whole: new GuestDisk(disk).whole(), virtualSize: disk.virtualSize })
}

/** Only what is understood as a whole is cut. */
function assertSound({ table, volumes, filesystems, problems }: GuestContents, name: string): void {
  const wrong = problems.find((problem) => isWrong(problem) && !mended.has(problem.id))
  if (wrong) throw refused(name, `what it holds contradicts itself: ${wrong.message}`)
  const isPlain = table.kind === 'gpt' || table.kind === 'mbr' || table.kind === 'none'
  if (!isPlain || (table.inner ?? []).length > 0)
    throw refused(name, 'it has a partition table that Varve does not change')
  if (table.kind === 'none' && volumes.length === 0 && filesystems.length === 0)
    throw refused(name, 'nothing is known of what it holds')
}

function assertNothingBeyond(contents: GuestContents, size: number, name: string): void {
  const [first] = whatLiesBeyond(contents, size)
  if (first) throw refused(name, beyondWords(first, size), first.layer)
}

/** That something reaches behind the cut, in words. */
export function beyondWords({ what, end }: Beyond, size: number): string {
  return `${what} reaches to ${formatBytes(end)} (byte ${end}), behind the cut at ${formatBytes(size)} (byte ${size})`
}

/** How a guest left its filesystems does not matter to a cut behind them; ntfsresize has Windows check what it has resized. */
const unrelated = new Set(['filesystem-dirty', 'filesystem-hibernated'])

function isWrong({ id, severity, layer }: Problem): boolean {
  return severity !== 'info' && ['L4', 'L5', 'L6'].includes(layer) && !unrelated.has(id)
}

async function write(path: string, pieces: readonly DiskPiece[]): Promise<void> {
  await changed(path, async (file) => {
    await writePieces(file, pieces)
    await file.sync()
  })
}

async function truncateFile(path: string, size: number): Promise<void> {
  await changed(path, async (file) => {
    await file.truncate(size)
    await file.sync()
  })
}

async function changed(path: string, change: (file: FileHandle) => Promise<void>): Promise<void> {
  let file: FileHandle | null = null
  try {
    file = await open(path, 'r+')
    await change(file)
  } catch (error) {
    throw writeError(error, path)
  } finally {
    await file?.close()
  }
}

function refused(file: string, reason: string, layer: 'L4' | 'L5' | 'L6' = 'L4'): DiskError {
  return new DiskError('refused', {
    file,
    reason,
    remedy:
      'The image itself is as it was. Choose a larger size (--to), or look at what it holds: varve info.',
    layer,
  })
}
