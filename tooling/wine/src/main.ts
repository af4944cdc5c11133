import { ensureWine } from './root/build-root.ts'
import { whyNoWine } from './root/recipe.ts'

const isRequired = process.env['CI'] === 'true'
const started = performance.now()
try {
  const why = whyNoWine()
  if (why !== null) throw new Error(why)
  const root = await ensureWine((words) => process.stdout.write(`${words}\n`))
  process.stdout.write(`wine: ${root} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`)
} catch (error) {
  // Without a network or root the tier says that it is skipped.
  process.stdout.write(`wine: not built: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = isRequired ? 1 : 0
}
