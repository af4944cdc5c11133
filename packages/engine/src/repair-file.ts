import type { CheckReport } from '@varve/core/formats/check-report'
import { notRepairable, type RepairPlan } from '@varve/core/formats/repair-plan'
import { walkChain } from '@varve/core/formats/walk-chain'
import { checkFile, type CheckFileOptions } from './check-file.ts'
import { assertUnused, editFile, undoEdit } from './edit-file.ts'
import { nodePorts } from './ports.ts'

export interface RepairFileOptions extends CheckFileOptions {
  /** Where every byte that is overwritten is kept; must not exist. */
  readonly backup: string
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
  const ports = nodePorts({ roots: options.roots })
  const { fixes, writes } = await planRepair(path, options)
  if (writes.length > 0) {
    await using file = await ports.files.open(path)
    await editFile(file, writes, { undoFile: options.backup })
  }
  const { report } = await checkFile(path, options)
  return { fixes, report }
}

async function planRepair(path: string, options: RepairFileOptions): Promise<RepairPlan> {
  await using walked = await walkChain(path, nodePorts({ roots: options.roots }), options)
  const [{ file, driver, facts }] = walked.links
  if (file.packed) throw notRepairable(path, 'it is packed: unpack it first')
  if (driver.repair) return await driver.repair(file, options)
  const report = await driver.check?.(file, nodePorts({ roots: options.roots }), options)
  if (report && report.totals.corruptions === 0 && report.totals.leaks === 0) return { fixes: [], writes: [] }
  throw notRepairable(path, `nothing of ${facts.format} is repaired`)
}

/** Puts back what a repair overwrote; refused when the image was written to since. */
export async function undoRepair(path: string, backupPath: string): Promise<void> {
  await undoEdit(path, { roots: null, undoFile: backupPath })
}
