import { toSparseFile, type FuzzCase } from '@varve/core/testing/fuzz-case'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { FuzzThread } from './fuzz-thread.ts'
import { inputMaker, type Input } from './make-input.ts'
import { minimise } from './minimise.ts'
import type { Failure } from './run-input.ts'
import { prepareSeed } from './seed.ts'
import { loadSeeds } from './seeds.ts'
import { Tally } from './tally.ts'

const usage = `Feeds mutated images to the image engine.

  --minutes N    how long (default 1)
  --format F     only seeds of this format; guest: partitions, volumes and filesystems
  --seed S       number of the run: the same number gives the same inputs (default: the time)
  --from N       first input of the run (default 0)
`

const home = resolve(import.meta.dirname, '../../../.varve/fuzz')
const batchSize = 200
const reportEveryMs = 60_000

interface Settings {
  readonly minutes: number
  readonly format: string | null
  readonly run: number
  readonly from: number
}

function readSettings(): Settings | null {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      format: { type: 'string' },
      seed: { type: 'string' },
      from: { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  })
  const minutes = Number(values.minutes)
  const run = Number(values.seed ?? Math.floor(Date.now() / 1000) % 1_000_000)
  const from = Number(values.from)
  if (values.help || !(minutes > 0) || !Number.isInteger(run) || !Number.isInteger(from)) return null
  return { minutes, format: values.format ?? null, run, from }
}

/** Keeps an input that broke something, as small as it gets. */
async function keepFinding(thread: FuzzThread, input: Input, failure: Failure): Promise<string> {
  const { signature, message } = failure
  const options = { signature, run: async (candidate: Input) => await thread.input(candidate) }
  const small = await minimise(input, { ...options, attempts: failure.kind === 'hang' ? 20 : 400 })
  const kept: FuzzCase & { readonly group: string; readonly signature: string; readonly stack: string } = {
    note: message,
    top: small.top,
    format: small.format,
    files: Object.fromEntries(
      Object.entries(small.files).map(([path, bytes]) => [path, toSparseFile(bytes)]),
    ),
    group: input.group,
    signature,
    stack: failure.stack,
  }
  const folder = join(home, 'findings')
  mkdirSync(folder, { recursive: true })
  const id = createHash('sha256').update(signature).digest('hex').slice(0, 8)
  const path = join(folder, `${input.group}-${failure.kind}-${id}.json`)
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`)
  return path
}

async function fuzz({ minutes, format, run, from }: Settings): Promise<number> {
  const all = await loadSeeds(join(home, 'seeds.json'))
  const seeds = all.filter(({ group }) => format === null || group === format)
  if (seeds.length === 0) {
    process.stderr.write(
      `There are no seeds of ${format}; known are ${[...new Set(all.map(({ group }) => group))].join(', ')}.\n`,
    )
    return 2
  }
  process.stdout.write(`run ${run}: ${seeds.length} seeds\n`)
  const tally = new Tally()
  const make = inputMaker(seeds.map(prepareSeed))
  await using thread = new FuzzThread(seeds)
  const end = Date.now() + minutes * 60_000
  let reportAt = Date.now() + reportEveryMs
  for (let index = from; Date.now() < end;) {
    const { outcomes, failures, next } = await thread.batch(run, index, batchSize)
    tally.add(outcomes, failures.length === 0 || next === index + batchSize ? 0 : next - index)
    for (const { index: at, failure } of failures) {
      const input = make(run, at)
      if (!tally.isNew(input.group, failure)) continue
      const path = await keepFinding(thread, input, failure)
      process.stdout.write(
        `FINDING ${input.group}: ${failure.message}\n  seed ${input.seed}, run ${run}, input ${at}\n  ${failure.signature}\n  ${path}\n`,
      )
    }
    index = next
    if (Date.now() < reportAt) continue
    process.stdout.write(`${tally.text()}\n`)
    reportAt = Date.now() + reportEveryMs
  }
  process.stdout.write(`run ${run} is over\n${tally.text()}\n`)
  return tally.findings === 0 ? 0 : 1
}

const settings = readSettings()
if (settings === null) process.stdout.write(usage)
process.exitCode = settings === null ? 2 : await fuzz(settings)
