// Loads a program from the bundle that the set-up made while no source has changed since, because that starts three times
// faster, and else from its sources. Plain JavaScript: nothing has to be compiled before it is known what to run; and
// CommonJS as the bundle, because `import` would make a list of the exports of each module of Node.
const { readFileSync, statSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const root = path.join(__dirname, '../..')

/** The bundle's folder, or null when there is none or a file that it was made of is not as it was. */
function freshBundle(home) {
  try {
    const { folder, inputs } = JSON.parse(readFileSync(path.join(home, 'dist/bundle.json'), 'utf8'))
    for (const [name, size, modifiedMs] of inputs) {
      // Hundreds of them at each start: joining them as paths would take longer than asking for them.
      const found = statSync(`${root}/${name}`)
      if (found.size !== size || found.mtimeMs !== modifiedMs) return null
    }
    return path.join(home, 'dist', folder)
  } catch {
    return null
  }
}

/** Words of a command line, or levels of a log, of those who look for a fault. */
const seeksFault = new Set(['--verbose', 'debug', 'trace'])

/** The module `name` of the package in folder `home`. */
exports.loadProgram = async function loadProgram(home, name) {
  // Compiled code is kept between runs, beside what the set-up fetched; a folder that cannot be written does no harm.
  enableCompileCache(path.join(root, '.varve/code-cache'))
  // Stacks name the sources where somebody looks for a fault; the maps would take every start some milliseconds.
  if (process.env.VARVE_LOG || process.argv.some((word) => seeksFault.has(word)))
    process.setSourceMapsEnabled(true)
  const folder = freshBundle(home)
  if (folder !== null) return require(path.join(folder, `${name}.cjs`))
  return await import(pathToFileURL(path.join(home, 'src', `${name}.ts`)).href)
}
