import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Fleet } from '../fleet.ts'
import { killConversion } from './kill-conversion.ts'
import { killMigration } from './kill-migration.ts'
import { makeSources, sourceFault } from './sources.ts'
import { Tally } from './tally.ts'

/** `npm run faults -- --minutes N`: kills what works, at random, and says what was lost; exit code 1 when anything was. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } })
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new RangeError('--minutes wants a number above 0')
  const folder = await mkdtemp(join(tmpdir(), 'varve-faults-'))
  const tally = new Tally()
  const started = performance.now()
  let isOver = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => (isOver = true))
  try {
    await using fleet = await Fleet.start(folder)
    const sources = await makeSources(fleet.library('north'))
    process.stdout.write(`${sources.length} sources, killing for ${minutes} minutes\n`)
    for (let round = 0; !isOver && performance.now() - started < minutes * 60_000; round += 1) {
      const source = sources[round % sources.length]
      if (!source) break
      if (round % 3 === 2) await killMigration(fleet, source, tally)
      else await killConversion(join(folder, 'conversions'), source, tally)
      const fault = await sourceFault(source)
      if (fault !== null) tally.lose(fault)
      if (round % 10 === 9) process.stdout.write(`${tally.line(performance.now() - started)}\n`)
    }
    for (const source of sources) {
      const fault = await sourceFault(source)
      if (fault !== null) tally.lose(fault)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  for (const loss of tally.losses) process.stdout.write(`LOST: ${loss}\n`)
  process.stdout.write(`${tally.line(performance.now() - started)}\n`)
  if (tally.losses.length > 0) process.exitCode = 1
}

await main()
