import { whyNotBuilt } from './build/build-root.ts'
import { ensureLab } from './build/build-lab.ts'
import { hostTools } from './build/recipe.ts'

const why = whyNotBuilt(hostTools)
if (why === null) {
  const started = performance.now()
  const folder = await ensureLab((words) => process.stdout.write(`${words}\n`))
  process.stdout.write(`lab: ${folder} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`)
} else {
  process.stdout.write(`lab: not built: ${why}\n`)
  process.exitCode = process.env['CI'] === 'true' ? 1 : 0
}
