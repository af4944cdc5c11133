import { existsSync } from 'node:fs'
import { whyNotBuilt } from '../build/build-root.ts'
import { findKernel } from '../build/kernel.ts'
import { hostTools, labFolder } from '../build/recipe.ts'

/**
 * The folder of the built lab, or null with the reason printed; in CI its lack is an error. `isLong`: the test takes many minutes and
 * runs only where it is asked for.
 */
export async function findLab({ isLong = false } = {}): Promise<string | null> {
  if (isLong && process.env['VARVE_LAB'] !== 'all') {
    process.stderr.write('skipped: takes many minutes in the lab: VARVE_LAB=all runs it\n')
    return null
  }
  const why = whyNotBuilt(hostTools) ?? (await whyNotThere())
  if (why === null) return await folderNow()
  if (process.env['CI'] === 'true') throw new Error(`required in CI: the lab: ${why}`)
  process.stderr.write(`skipped: needs the lab: ${why}\n`)
  return null
}

async function whyNotThere(): Promise<string | null> {
  return existsSync(await folderNow()) ? null : 'it is not built yet: npm run lab'
}

async function folderNow(): Promise<string> {
  const { name, version } = await findKernel()
  return labFolder(`${name} ${version}`)
}
