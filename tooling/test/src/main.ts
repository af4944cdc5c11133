import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { countTests, type Counts } from './count-tests.ts'

const root = resolve(import.meta.dirname, '../../..')

interface Check {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

const checks: readonly Check[] = [
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'lint and types', command: ['oxlint'] },
  {
    name: 'types without a system',
    command: ['turbo', 'run', 'typecheck', '--output-logs=errors-only', '--no-update-notifier'],
  },
  { name: 'lab', command: ['node', 'tooling/lab/src/main.ts'] },
  { name: 'wine', command: ['node', 'tooling/wine/src/main.ts'] },
  { name: 'build', command: ['turbo', 'run', 'build', '--output-logs=errors-only', '--no-update-notifier'] },
]

async function run([program, ...args]: readonly [string, ...string[]]): Promise<boolean> {
  const { exitCode } = await execa(program, args, {
    cwd: root,
    reject: false,
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    env: { TURBO_TELEMETRY_DISABLED: '1' },
  })
  return exitCode === 0
}

async function runChecks(): Promise<Counts> {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const { name, command } of checks) {
    const started = performance.now()
    const isOk = await run(command)
    process.stdout.write(
      `${isOk ? 'ok    ' : 'FAILED'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`,
    )
    if (isOk) counts.passed += 1
    else counts.failed += 1
  }
  return counts
}

/** All tiers in one run; what vitest itself counts is read from its report, so that a crash cannot pass for a success. */
async function runTests(args: readonly string[]): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-report-'))
  try {
    const report = join(folder, 'report.json')
    const isOk = await run([
      'vitest',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ])
    return countTests(await readFile(report, 'utf8').catch(() => null), isOk)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const args = process.argv.slice(2)
const results = args.length === 0 ? [await runChecks(), await runTests([])] : [await runTests(args)]
const total = { passed: 0, failed: 0, skipped: 0 }
for (const { passed, failed, skipped } of results) {
  total.passed += passed
  total.failed += failed
  total.skipped += skipped
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
