import { parseArgs } from 'node:util'
import { findLab } from '../testing/lab-of-tests.ts'
import { cutPower } from './cut-power.ts'
import { subjects, type SubjectName } from './subjects.ts'

const usage = 'node tooling/lab/src/power-cuts/main.ts [CUTS] [--of grow|shrink|reclaim], with the lab built'
const { positionals, values } = parseArgs({ allowPositionals: true, options: { of: { type: 'string' } } })
const cuts = Number(positionals[0] ?? '200')
const names = Object.keys(subjects) as SubjectName[]
const wanted = names.filter((name) => values.of === undefined || values.of === name)
const lab = await findLab()
if (lab === null || !Number.isSafeInteger(cuts) || cuts < 1 || wanted.length === 0) throw new Error(usage)
for (const [place, name] of wanted.entries()) {
  const share = Math.floor(cuts / wanted.length) + (place < cuts % wanted.length ? 1 : 0)
  if (share === 0) continue
  const say = (words: string) => process.stdout.write(`${name} ${words}\n`)
  const all = await cutPower({ ...subjects[name], lab, cuts: share, say })
  const count = (found: string) => all.filter((cut) => cut.found === found).length
  say(
    `${all.length} power cuts: ${count('original')} found the original, ${count('result')} the result, none anything else`,
  )
}
