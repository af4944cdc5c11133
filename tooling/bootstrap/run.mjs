// The first thing that runs on a fresh machine, on whatever Node (20 or later) is there: fetches what is missing, then
// hands over to the task in TypeScript on the pinned Node. Plain JavaScript because older Nodes do not read TypeScript.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { bootstrapNode } from './requirements.mjs'
import { prepare, root, SetupError } from './prepare.mjs'

const tasks = {
  start: ['tooling/start/src/main.ts'],
  test: ['tooling/test/src/main.ts'],
  bench: ['tooling/bench/src/main.ts'],
  fuzz: ['tooling/fuzz/src/main.ts'],
  lab: ['tooling/lab/src/shell.ts'],
  faults: ['tooling/e2e/src/faults/main.ts'],
  release: ['tooling/release/src/main.ts'],
  setup: null,
}

/** Runs the task to its end and passes signals on; gives its exit code. */
function runTask(node, script, args, paths) {
  const env = { ...process.env, PATH: [...paths, process.env.PATH ?? ''].join(delimiter) }
  const child = spawn(node, [join(root, script), ...args], { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // From a terminal the whole group gets the signal; a second one does no harm.
      if (child.exitCode === null) child.kill(signal)
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

async function main() {
  const [task = '', ...args] = process.argv.slice(2)
  if (!(task in tasks)) throw new SetupError(`There is no task ${JSON.stringify(task)}.`)
  const major = Number(process.versions.node.split('.')[0])
  if (major < bootstrapNode) {
    throw new SetupError(`Node ${process.versions.node} is too old: install Node ${bootstrapNode} or later.`)
  }
  const { node, paths } = await prepare(task)
  const script = tasks[task]?.[0]
  if (!script) return 0
  if (!existsSync(join(root, script)))
    throw new SetupError(`${script} is missing: the checkout is not complete.`)
  return await runTask(node, script, args, paths)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error.exitCode
}
