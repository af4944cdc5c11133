// The varve command. Plain JavaScript: nothing has to be compiled before it is known what to run.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadProgram } from '../../../tooling/bundle/load-program.mjs'

const home = join(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))

// Answered before anything else is loaded: scripts ask for it often.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  // A full device is an error of the command, not of the program.
  process.stdout.on('error', (error) => {
    if (error.code === 'EPIPE') {
      process.exitCode = 141
      return
    }
    process.stderr.write(`varve: standard output cannot be written: ${error.message}\n`)
    process.exitCode = 6
  })
  process.stdout.write(`${version}\n`)
} else {
  // `z.config({ jitless: true })`, before the first schema is made: a run is over before code compiled for its checks pays.
  globalThis.__zod_globalConfig = { jitless: true }
  const { runProgram } = await loadProgram(home, 'program')
  process.exitCode = await runProgram(process.argv, version)
}
