// The varve command. Plain JavaScript: nothing has to be compiled before it is known what to run.
// Nor is anything imported: `import` would make a list of the exports of each module of Node, which takes longer than the rest.
const require = process.getBuiltinModule('node:module').createRequire(import.meta.url)
const { version } = require('../package.json')

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
  const { loadProgram } = require('../../../tooling/bundle/load-program.cjs')
  const { runProgram } = await loadProgram(`${import.meta.dirname}/..`, 'program')
  process.exitCode = await runProgram(process.argv, version)
}
