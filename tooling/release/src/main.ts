import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeRelease } from './make-release.ts'
import { stageParts } from './parts.ts'
import { ReleaseError } from './release-error.ts'
import { verifyRelease, writeKeys } from './sums.ts'
import { findTarget, targets, usualTargets } from './targets.ts'

const usage = `npm run release -- --to FOLDER [--target NAME …] [--key FILE]   makes a release; asks nothing of a network
npm run release -- fetch [--target NAME …]                      fetches what the lockfile of the parts pins, once
npm run release -- key FILE                                     makes a key pair: FILE signs, FILE.pub verifies
npm run release -- verify FOLDER --key FILE.pub                 proves sums and signature

  --target NAME   ${targets.map(({ name }) => name).join(', ')}, or all (default: ${usualTargets.join(', ')})
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      target: { type: 'string', multiple: true },
      key: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const [task, place, ...more] = positionals
  const names = values.target ?? usualTargets
  const wanted = names.includes('all') ? targets : [...new Set(names)].map(findTarget)
  if (values.help === true || more.length > 0) return say(usage)
  if (task === 'key' && place !== undefined) {
    await writeKeys(resolve(place))
    return say(`${place} signs: keep it to yourself. ${place}.pub verifies.\n`)
  }
  if (task === 'verify' && place !== undefined && values.key !== undefined) {
    const proven = await verifyRelease(resolve(place), resolve(values.key))
    return say(`${proven.map((name) => `${name}: as signed\n`).join('')}`)
  }
  if (task === 'fetch' && place === undefined) return await fetchParts(wanted)
  if (task !== undefined || values.to === undefined) throw new ReleaseError(usage.trimEnd())
  await makeRelease({
    to: resolve(values.to),
    targets: wanted,
    key: values.key === undefined ? null : resolve(values.key),
    fetch: false,
    level: 6,
    packages: true,
    say: (text) => say(`${text}\n`),
  })
}

async function fetchParts(wanted: typeof targets): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'varve-release-'))
  try {
    for (const target of wanted) {
      await stageParts(target, join(work, target.name), { fetch: true })
      say(`${target.name}: all parts are in the store\n`)
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function say(text: string): void {
  process.stdout.write(text)
}

try {
  await main()
} catch (error) {
  if (
    !(error instanceof ReleaseError) &&
    (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') !== true
  )
    throw error
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
