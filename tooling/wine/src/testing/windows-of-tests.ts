import { existsSync } from 'node:fs'
import { stageParts } from '@varve/release/parts'
import { ReleaseError } from '@varve/release/release-error'
import { findTarget } from '@varve/release/targets'
import { tempPlace } from '@varve/test-kit/temp-place'
import { whyNoWine, wineRoot } from '../root/recipe.ts'

/** Whether tests can start a Windows with this checkout's programs; else the reason is printed, and in CI it is an error. */
export async function hasWindows(): Promise<boolean> {
  const why = whyNoWine() ?? whyNotBuilt() ?? (await whyNoParts())
  if (why === null) return true
  if (process.env['CI'] === 'true') throw new Error(`required in CI: Wine: ${why}`)
  process.stderr.write(`skipped: needs Wine: ${why}\n`)
  return false
}

function whyNotBuilt(): string | null {
  return existsSync(wineRoot()) ? null : 'it is not built yet: node tooling/wine/src/main.ts'
}

async function whyNoParts(): Promise<string | null> {
  await using place = await tempPlace()
  try {
    await stageParts(findTarget('windows-x64'), place.path, { fetch: false })
    return null
  } catch (error) {
    if (error instanceof ReleaseError) return error.message
    throw error
  }
}
