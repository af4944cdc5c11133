import { createInterface } from 'node:readline'
import { hostTools } from './build/recipe.ts'
import { ensureLab } from './build/build-lab.ts'
import { whyNotBuilt } from './build/build-root.ts'
import { startLab } from './machine/start-lab.ts'

const why = whyNotBuilt(hostTools)
if (why !== null) throw new Error(`the lab is not built: ${why}`)
await using lab = await startLab(await ensureLab((words) => process.stdout.write(`${words}\n`)))
process.stdout.write(
  `The lab runs. Its /host is ${lab.share}; each line is a script of bash, Ctrl-D ends it.\n`,
)
const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: 'lab# ' })
lines.prompt()
for await (const line of lines) {
  const { exitCode, stdout, stderr } = await lab.run(line)
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  if (exitCode !== 0) process.stdout.write(`(${exitCode})\n`)
  lines.prompt()
}
