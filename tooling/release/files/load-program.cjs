// Loads a program of a release, whose bundle lies beside it. In a checkout tooling/bundle/load-program.cjs does that.
const { statSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const { homedir } = require('node:os')
const path = require('node:path')

/** Words of a command line, or levels of a log, of those who look for a fault. */
const seeksFault = new Set(['--verbose', 'debug', 'trace'])

/** Keeps compiled code in the user's own place: what another user could write there would run as this one. */
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE) return
  try {
    const home = homedir()
    if (process.geteuid && statSync(home).uid !== process.geteuid()) return
    enableCompileCache(path.join(home, '.cache/varve/code'))
  } catch {
    return
  }
}

/** The module `name` of the package in folder `home`. */
exports.loadProgram = async function loadProgram(home, name) {
  keepCompiled()
  if (process.env.VARVE_LOG || process.argv.some((word) => seeksFault.has(word)))
    process.setSourceMapsEnabled(true)
  return require(path.join(home, 'dist', `${name}.cjs`))
}
