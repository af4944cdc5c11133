import { formatBytes, formatRate } from '../binary/format-bytes.ts'
import { formatRules, type FormatName } from '../formats/format-rules.ts'
import { nameOfKind } from '../formats/writable-formats.ts'
import { isBlocking } from '../problems/problem.ts'
import { findMigrationProblems, joinPath, migrationPreflightRules } from '../rules/migration-preflight.ts'
import { predictTargetSize } from '../rules/target-size.ts'
import type { MigrateFacts } from './migrate-facts.ts'
import type { Estimate, Plan, PlanStep, Refusal } from './plan.ts'

export { migrationTargetFormats, type MigrationTargetFormat } from './migrate-facts.ts'
export type { MigrateFacts, MigrateOptions } from './migrate-facts.ts'

/** Bytes a second that estimates assume until the pull has measured its own rate. */
export const assumedRate = 200_000_000

/** The steps of a migration in their order; also the names of the workflow's steps. */
export const migrateStepIds = ['pre-flight', 'export', 'measure', 'pull', 'verify', 'publish'] as const
export type MigrateStepId = (typeof migrateStepIds)[number]

/** The steps of a migration, or why it cannot be done. */
export type PlanMigrate = (facts: MigrateFacts) => Plan | Refusal

/** Plans a migration: six steps of one layer each, or a refusal with all its reasons. Warnings are to be accepted, infos are to be known. */
export const planMigrate: PlanMigrate = (facts) => {
  const problems = findMigrationProblems(facts)
  const operation = 'migrate'
  if (problems.some(isBlocking)) return { kind: 'refusal', operation, problems }
  const steps = [
    preFlight(facts),
    exportSource(facts),
    measure(facts),
    pull(facts),
    verify(facts),
    publish(facts),
  ]
  return {
    kind: 'plan',
    operation,
    summary: summarize(facts),
    steps,
    warnings: problems,
    estimate: { bytes: dataBytes(facts), seconds: sum(steps.map(({ estimate }) => estimate.seconds)) },
  }
}

function summarize(facts: MigrateFacts): string {
  const { report } = facts.source
  const bytes = dataBytes(facts) ?? report.allocated ?? report.virtualSize
  return `Migrate ${bytes === null ? 'the disk' : formatBytes(bytes)} to ${facts.target.host}`
}

function preFlight({ source, target }: MigrateFacts): PlanStep {
  return {
    id: 'pre-flight' satisfies MigrateStepId,
    layer: 'all',
    title: 'Check both hosts and the image',
    does: `Inspects the image afresh on ${source.host} and checks ${migrationPreflightRules.length} rules again; changes nothing.`,
    command: `native: inspect L0–L7 of ${source.report.path} on ${source.host}`,
    host: 'controller',
    needs: [`agent on ${source.host}`, `agent on ${target.host}`],
    estimate: { bytes: null, seconds: 1 },
    undo: null,
    pointOfNoReturn: false,
  }
}

function exportSource({ source }: MigrateFacts): PlanStep {
  const { path, format } = source.report
  const { qemuDriver } = formatRules[format]
  const byHand =
    qemuDriver === null
      ? ''
      : ` · by hand: qemu-nbd --read-only --persistent --shared=0 --format=${qemuDriver} ${shellWord(path)}`
  return {
    id: 'export' satisfies MigrateStepId,
    layer: 'L3',
    title: 'Export the source, read-only',
    does: `Opens the image with its chain on ${source.host} and serves its block device over NBD under a name made for this migration only.`,
    command: `native: serve L3 of ${path} over NBD, read-only${byHand}`,
    host: source.host,
    needs: [`read access to ${path}`, `a free port on ${source.host}`],
    estimate: { bytes: null, seconds: 1 },
    undo: 'Closes the export. The source is never written.',
    pointOfNoReturn: false,
  }
}

function measure({ target, source }: MigrateFacts): PlanStep {
  return {
    id: 'measure' satisfies MigrateStepId,
    layer: 'L2',
    title: 'Measure and check the space',
    does: `Reads the block status of the export and compares the predicted size with what is free in ${target.library} on ${target.host}.`,
    command: `native: read base:allocation of the export, predict the file size · by hand: nbdinfo --map --totals nbd://${source.host}/<export>`,
    host: target.host,
    needs: [`a path from ${target.host} to ${source.host}`],
    estimate: { bytes: null, seconds: 1 },
    undo: null,
    pointOfNoReturn: false,
  }
}

function pull(facts: MigrateFacts): PlanStep {
  const { source, target, options } = facts
  const compressed = options.compression === 'none' ? '' : ` (${options.compression} compressed)`
  const format = nameOfKind(options.format, options.subformat)
  return {
    id: 'pull' satisfies MigrateStepId,
    layer: 'L2',
    title: `Pull and write ${format}`,
    does: `Reads the disk from ${source.host} and writes it as ${format}${compressed} into a hidden part file in ${target.library} on ${target.host}; digests it on the way. Zeros are not sent. The estimate assumes ${formatRate(assumedRate)}.`,
    command: `native: NBD → ${format}, 4 MiB chunks, BLAKE3${pullByHand(facts)}`,
    host: target.host,
    needs: [spaceNeeded(facts)],
    estimate: move(facts),
    undo: `Removes the part file from ${target.library} on ${target.host}.`,
    pointOfNoReturn: false,
  }
}

function verify(facts: MigrateFacts): PlanStep {
  const { source, target } = facts
  return {
    id: 'verify' satisfies MigrateStepId,
    layer: 'L3',
    title: 'Prove that both disks are identical',
    does: `Reads the new image back as a disk on ${target.host} and compares its digest with the one that ${source.host} takes of the source itself. The export is closed, and the source must not have changed meanwhile.`,
    command: `native: BLAKE3 tree digest over L3 on both hosts · by hand: varve digest ${shellWord(partPath(facts))}; varve digest ${shellWord(source.report.path)}`,
    host: target.host,
    needs: ['the part file, flushed to disk'],
    estimate: move(facts),
    undo: null,
    pointOfNoReturn: false,
  }
}

function publish(facts: MigrateFacts): PlanStep {
  const { target, options } = facts
  const path = joinPath(target.libraryPath, options.name)
  return {
    id: 'publish' satisfies MigrateStepId,
    layer: 'L1',
    title: 'Give it its name',
    does: `Renames the part file to ${options.name} in ${target.library} on ${target.host}, never over another file. The source stays where it is.`,
    command: `native: link(2) and unlink(2), then fsync of the folder · by hand: mv --no-clobber ${shellWord(partPath(facts))} ${shellWord(path)}`,
    host: target.host,
    needs: [`the name ${options.name} free in ${target.library}`],
    estimate: { bytes: null, seconds: 1 },
    undo: null,
    pointOfNoReturn: true,
  }
}

function dataBytes({ source }: MigrateFacts): number | null {
  return source.report.allocation?.dataBytes ?? null
}

/** Moving the data once, at the assumed rate. */
function move(facts: MigrateFacts): Estimate {
  const bytes = dataBytes(facts)
  return { bytes, seconds: bytes === null ? null : Math.max(1, Math.ceil(bytes / assumedRate)) }
}

function spaceNeeded(facts: MigrateFacts): string {
  const size = predictTargetSize(facts)
  const where = `in ${facts.target.library} on ${facts.target.host}`
  return size === null ? `space ${where}` : `about ${formatBytes(size.about)} free ${where}`
}

function pullByHand(facts: MigrateFacts): string {
  const { format, subformat, compression } = facts.options
  const { qemuDriver } = formatRules[format]
  if (qemuDriver === null) return ''
  const compress = compression === 'none' ? '' : `-c -o compression_type=${compression} `
  const source = `nbd://${facts.source.host}/<export>`
  return ` · by hand: qemu-img convert -W -m 16 -f raw -O ${qemuDriver} ${compress}${kindOption(format, subformat)}${source} ${shellWord(partPath(facts))}`
}

/** QEMU has an option of its own for VDI, and a subformat everywhere else. */
function kindOption(format: FormatName, subformat: string | null): string {
  if (subformat === null) return ''
  if (format === 'vdi') return subformat === 'fixed' ? '-o static=on ' : ''
  return `-o subformat=${subformat} `
}

function partPath({ target, options }: MigrateFacts): string {
  return joinPath(target.libraryPath, `.${options.name}.<id>.part`)
}

function sum(values: readonly (number | null)[]): number | null {
  let total = 0
  for (const value of values) {
    if (value === null) return null
    total += value
  }
  return total
}

/** The path as one word of a POSIX shell. */
function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/u.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
