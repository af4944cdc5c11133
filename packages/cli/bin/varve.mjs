// The varve command. It runs from the bundle that the set-up made while no source has changed since, because that starts
// three times faster, and else from the sources. Plain JavaScript: nothing has to be compiled before it is known what to run.
import { readFileSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

const home = join(import.meta.dirname, '..')
const root = join(home, '../..')
const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))

/** The bundle's folder, or null when there is none or a file that it was made of is not as it was. */
function freshBundle() {
  try {
    const { folder, inputs } = JSON.parse(readFileSync(join(home, 'dist/bundle.json'), 'utf8'))
    for (const [path, size, modifiedMs] of inputs) {
      const found = statSync(join(root, path))
      if (found.size !== size || found.mtimeMs !== modifiedMs) return null
    }
    return join(home, 'dist', folder)
  } catch {
    return null
  }
}

// Answered before anything else is loaded: scripts ask for it often.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(`${version}\n`)
} else {
  // Compiled code is kept between runs, beside what the set-up fetched; a folder that cannot be written does no harm.
  enableCompileCache(join(root, '.varve/code-cache'))
  const bundle = freshBundle()
  const { runProgram } = await import(bundle === null ? '../src/program.ts' : join(bundle, 'program.mjs'))
  process.exitCode = await runProgram(process.argv, version)
}
