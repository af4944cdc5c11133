import type { CheckReport } from '@varve/core/image/check-report'
import { notRepairable, type RepairPlan } from '@varve/core/image/repair-plan'
import { walkChain } from '@varve/core/chain/walk-chain'
import { checkFile, type CheckFileOptions } from './check-file.ts'
import { DiskError } from '@varve/core/problems/disk-error'
import { assertUnused, editFile, finishEdit, undoEdit } from './edit-file.ts'
import { nodePorts } from '../ports/ports.ts'

export interface RepairFileOptions extends CheckFileOptions {
  /** Where every byte that is overwritten is kept; must not exist. */
  readonly backup: string
  /** What somebody was told that it does: anything else is refused, as the image has changed since. */
  readonly expected?: readonly string[]
  /** Whether a backup that is there already may be of this very repair, which was cut off. */
  readonly mayResume?: boolean
}

export interface RepairOutcome {
  /** What was done, in sentences; empty: there was nothing to do, and no backup was written. */
  readonly fixes: readonly string[]
  /** The image as it is now. */
  readonly report: CheckReport
}

/**
 * Repairs what is provably safe. Nothing is written unless all that is wrong can be put right and nobody else uses the
 * image; the backup is on the medium before the first byte is overwritten.
 */
export async function repairFile(path: string, options: RepairFileOptions): Promise<RepairOutcome> {
  await assertUnused(path)
  const { roots, backup: undoFile, expected = [] } = options
  const isResumed = options.mayResume === true && (await finishEdit(path, { roots, undoFile }))
  const fixes = isResumed ? expected : await repaired(path, options)
  const { report } = await checkFile(path, options)
  return { fixes, report }
}

async function repaired(path: string, options: RepairFileOptions): Promise<readonly string[]> {
  const { fixes, writes } = await planRepair(path, options)
  const { expected, backup: undoFile } = options
  if (expected && JSON.stringify(expected) !== JSON.stringify(fixes))
    throw new DiskError('source-changed', { file: path, change: 'what is wrong with it is not what it was' })
  if (writes.length === 0) return fixes
  await using file = await nodePorts({ roots: options.roots }).files.open(path)
  await editFile(file, writes, { undoFile })
  return fixes
}

/** What would be repaired, and how; nothing is written. Throws `refused` when something is wrong that is not repaired. */
export async function planRepair(path: string, options: CheckFileOptions): Promise<RepairPlan> {
  await using walked = await walkChain(path, nodePorts({ roots: options.roots }), options)
  const [{ file, driver, facts }] = walked.links
  if (file.packed) throw notRepairable(path, 'it is packed: unpack it first')
  if (driver.repair) return await driver.repair(file, options)
  const report = await driver.check?.(file, nodePorts({ roots: options.roots }), options)
  if (report && report.totals.corruptions === 0 && report.totals.leaks === 0) return { fixes: [], writes: [] }
  throw notRepairable(path, `nothing of ${facts.format} is repaired`)
}

/** Puts back what a repair overwrote; refused when the image was written to since. */
export async function undoRepair(
  path: string,
  undoFile: string,
  { roots }: Pick<CheckFileOptions, 'roots'> = { roots: null },
): Promise<void> {
  await undoEdit(path, { roots, undoFile })
}
