import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'
import { z } from 'zod'

const manifestFile = findPackageJSON(import.meta.url)
if (manifestFile === undefined) throw new Error('the controller lies outside its package')

/** The folder of this package, whether the code runs from the sources or from a bundle. */
export const packageFolder = dirname(manifestFile)

/** The controller's own version. */
export const controllerVersion = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(manifestFile, 'utf8'))).version
