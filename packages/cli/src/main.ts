// The command from its sources, whatever was bundled; `bin/varve.mjs` is what people start.
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// Answered before anything else is loaded: scripts ask for it often.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(`${version}\n`)
} else {
  // Compiled code is kept between runs, beside what the set-up fetched; a folder that cannot be written does no harm.
  enableCompileCache(join(import.meta.dirname, '../../../.varve/code-cache'))
  const { runProgram } = await import('./program.ts')
  process.exitCode = await runProgram(process.argv, version)
}
