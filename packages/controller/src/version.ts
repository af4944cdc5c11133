import { createRequire } from 'node:module'
import { z } from 'zod'

const manifest: unknown = createRequire(import.meta.url)('../package.json')

/** The controller's own version. */
export const controllerVersion = z.object({ version: z.string() }).parse(manifest).version
