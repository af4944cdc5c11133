import { parseArgs } from 'node:util'
import { findLab } from '../testing/lab-of-tests.ts'
import { cutPower } from './cut-power.ts'
import { spreadOf } from './moments.ts'
import { subjects, type SubjectName } from './subjects.ts'

const usage =
  'node tooling/lab/src/power-cuts/main.ts [CUTS] [--of grow|shrink|reclaim] [--kills N], as root, with the lab built'
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { of: { type: 'string' }, kills: { type: 'string', default: '1' } },
})
const cuts = Number(positionals[0] ?? '200')
const kills = Number(values.kills)
const names = Object.keys(subjects) as SubjectName[]
const wanted = names.filter((name) => values.of === undefined || values.of === name)
const lab = await findLab()
const isUsable = Number.isSafeInteger(cuts) && cuts >= 1 && Number.isSafeInteger(kills) && kills >= 0
if (lab === null || !isUsable || wanted.length === 0) throw new Error(usage)
for (const [place, name] of wanted.entries()) {
  const share = Math.floor(cuts / wanted.length) + (place < cuts % wanted.length ? 1 : 0)
  if (share === 0) continue
  const say = (words: string) => process.stdout.write(`${name} ${words}\n`)
  const found = await cutPower({ ...subjects[name], lab, cuts: share, kills: Math.min(kills, share), say })
  const [all, over] = [found.filter(({ isOver }) => !isOver), found.filter(({ isOver }) => isOver)]
  const count = (what: string) => all.filter((cut) => cut.found === what).length
  const killed = found.filter(({ by }) => by === 'kill').length
  say(
    `${all.length} power cuts at random moments: ${count('original')} found the original, ${count('result')} the result, none anything else`,
  )
  say(`${over.length} more right after its end: all found the result; ${killed} of all by kill -9 and start`)
  say(
    `moments, by tenths of the run: ${spreadOf(all.map(({ afterMs, wholeMs }) => afterMs / wholeMs)).join(' ')}`,
  )
  const steps = Map.groupBy(all, ({ at }) => at)
  say(`at steps: ${[...steps].map(([at, { length }]) => `${at} ${length}`).join(', ')}`)
}
