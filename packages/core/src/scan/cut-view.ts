import type { DiskReader } from '../disk/disk-reader.ts'
import { resizedDisk } from '../disk/resized-disk.ts'
import { whatLiesBeyond, type Beyond } from '../guest/beyond-end.ts'
import type { GuestContents } from '../guest/guest-contents.ts'
import { GuestDisk } from '../guest/guest-region.ts'
import { gptEndingAt, type DiskPiece } from '../partitions/gpt-end.ts'
import { DiskError } from '../problems/disk-error.ts'
import type { Problem } from '../problems/problem.ts'
import { formatBytes } from '../units/format-bytes.ts'
import { readGuestContents } from './read-guest.ts'

export interface Cut {
  /** Bytes that stay. */
  readonly size: number
  /** What people call the disk, for messages. */
  readonly name: string
}

/** Findings about a GPT that stand until its backup is written at the new end. */
const mended = new Set(['gpt-backup-not-at-end', 'gpt-backup-damaged'])

/** The disk as it is when it is cut there, in memory; throws `refused` as the cut of a file does. */
export async function cutView(disk: DiskReader, { size, name }: Cut): Promise<DiskReader> {
  const view = resizedDisk(disk, { virtualSize: size, patches: await piecesOfCut(disk, { size, name }) })
  await assertCutWell(view, { size, name })
  return view
}

/** What is written before the cut; throws `refused` where anything would be lost by it. */
export async function piecesOfCut(disk: DiskReader, { size, name }: Cut): Promise<readonly DiskPiece[]> {
  const contents = await readGuestContents(disk)
  if (disk.virtualSize < size) throw refused(name, `it has ${disk.virtualSize} bytes, fewer than ${size}`)
  assertSound(contents, name)
  assertNothingBeyond(contents, size, name)
  const { kind, sectorSize } = contents.table
  if (size % sectorSize !== 0)
    throw refused(name, `its sectors have ${sectorSize} bytes, and ${size} is no multiple of that`)
  return kind === 'gpt' ? await gptEndingAt(new GuestDisk(disk).whole(), { sectorSize, diskSize: size }) : []
}

/** Throws `refused` where a disk that was cut reads as damaged. */
export async function assertCutWell(disk: DiskReader, { size, name }: Cut): Promise<void> {
  const contents = await readGuestContents(disk)
  const left = contents.problems.filter(isWrong)
  if (disk.virtualSize !== size || left.length > 0 || contents.table.sure !== 'consistent')
    throw refused(
      name,
      `after the cut it reads as damaged: ${left[0]?.message ?? `${disk.virtualSize} bytes`}`,
    )
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

function beyondWords({ what, end }: Beyond, size: number): string {
  return `${what} reaches to ${formatBytes(end)} (byte ${end}), behind the cut at ${formatBytes(size)} (byte ${size})`
}

/** How a guest left its filesystems does not matter to a cut behind them; ntfsresize has Windows check what it has resized. */
const unrelated = new Set(['filesystem-dirty', 'filesystem-hibernated'])

function isWrong({ id, severity, layer }: Problem): boolean {
  return severity !== 'info' && ['L4', 'L5', 'L6'].includes(layer) && !unrelated.has(id)
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
