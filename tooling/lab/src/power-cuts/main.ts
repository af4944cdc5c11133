import { findLab } from '../testing/lab-of-tests.ts'
import { cutPower } from './cut-power.ts'
import { growing } from './grow.ts'

const cuts = Number(process.argv[2] ?? '200')
const lab = await findLab()
if (lab === null || !Number.isSafeInteger(cuts) || cuts < 1)
  throw new Error('node tooling/lab/src/power-cuts/main.ts [CUTS], with the lab built')
const all = await cutPower({ ...growing, lab, cuts, say: (words) => process.stdout.write(`${words}\n`) })
const count = (found: string) => all.filter((cut) => cut.found === found).length
process.stdout.write(
  `${all.length} power cuts: ${count('original')} found the original, ${count('result')} the result, none anything else\n`,
)
