import { existsSync } from 'node:fs'
import { whyNoWine, wineRoot } from '../root/recipe.ts'

/** Whether tests can start a Windows; else the reason is printed, and in CI it is an error. */
export function hasWindows(): boolean {
  const why =
    whyNoWine() ?? (existsSync(wineRoot()) ? null : 'it is not built yet: node tooling/wine/src/main.ts')
  if (why === null) return true
  if (process.env['CI'] === 'true') throw new Error(`required in CI: Wine: ${why}`)
  process.stderr.write(`skipped: needs Wine: ${why}\n`)
  return false
}
