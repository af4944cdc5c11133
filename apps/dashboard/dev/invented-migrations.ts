import { migrationNumbers } from '@varve/protocol/migration-numbers'
import type {
  MigrationStepView,
  MigrationView,
  StartMigration,
  TransferView,
} from '@varve/protocol/migrations'
import type { PlanView } from '@varve/protocol/plans'
import type { ImageRow } from '@varve/protocol/images'
import type { ChunkMap } from '@varve/protocol/job-progress'
import { chunkSize } from '@varve/core/digest/disk-digest'
import { formatBytes } from '@varve/core/units/format-bytes'
import { ago, inventedDigest, seeded } from './invented-fleet.ts'

const GiB = 2 ** 30

type PlanSteps = Extract<PlanView, { kind: 'plan' }>['steps']

interface Wish {
  readonly row: ImageRow
  readonly host: string
  readonly name: string
  readonly format: 'qcow2' | 'raw'
}

export function inventedSteps({ row, host, name, format }: Wish): PlanSteps {
  const step = (change: Partial<PlanSteps[number]> & { id: string; title: string }): PlanSteps[number] => ({
    layer: 'all',
    does: '',
    command: '',
    host,
    needs: [],
    estimate: { bytes: null, seconds: 1 },
    undo: null,
    pointOfNoReturn: false,
    ...change,
  })
  const bytes = Math.round((row.virtualSize ?? 0) * 0.56)
  return [
    step({
      id: 'pre-flight',
      title: 'Pre-flight',
      does: 'check both hosts, names, rights and space',
      host: 'controller',
      command: 'varve: pre-flight checks',
    }),
    step({
      id: 'export',
      layer: 'L3',
      title: 'Export',
      does: `serve the disk read-only from ${row.host}`,
      host: row.host,
      command: `varve-agent: open "${row.name}" and serve it over NBD, read-only`,
      undo: 'Close the export',
      needs: ['NBD export'],
    }),
    step({
      id: 'measure',
      layer: 'L1',
      title: 'Measure',
      does: `predict the file’s size on ${host}`,
      command: 'nbd: block status of base:allocation',
    }),
    step({
      id: 'pull',
      layer: 'L2',
      title: `Pull as ${format}`,
      does: `write .${name}.part on ${host}`,
      command: `varve-agent: pull nbd://${row.host}/… into /srv/vm/.${name}.part as ${format}`,
      undo: 'Remove the part file',
      estimate: { bytes, seconds: bytes / 412e6 },
    }),
    step({
      id: 'verify',
      layer: 'L3',
      title: 'Verify',
      does: 'read the target back, compare every chunk',
      command: `varve-agent: digest /srv/vm/.${name}.part`,
      estimate: { bytes, seconds: bytes / 1e9 },
    }),
    step({
      id: 'publish',
      layer: 'L1',
      title: 'Publish',
      does: `give the file its name ${name}`,
      command: `rename .${name}.part → ${name}, never over another file`,
      estimate: { bytes: null, seconds: 0.1 },
    }),
  ]
}

/** What needs no acceptance. */
const remark: MigrationView['warnings'][number] = {
  id: 'encryption-noticed',
  severity: 'info',
  layer: 'L5',
  file: null,
  message: 'BitLocker encrypts what starts at 1.00 MiB; it moves as it is and stays encrypted',
  remedy: 'Have the recovery key at hand: a key bound to a TPM does not open it on another machine.',
}

export function inventedPlan(wish: Wish, warnings: MigrationView['warnings']): PlanView {
  const steps = inventedSteps(wish)
  if (wish.name.startsWith('taken')) {
    return {
      kind: 'refusal',
      operation: 'migrate',
      problems: [
        {
          id: 'target-exists',
          severity: 'block',
          layer: 'L1',
          file: wish.name,
          message: `${wish.name} exists in that library already`,
          remedy: 'Choose another name, or remove that file first.',
        },
      ],
    }
  }
  return {
    kind: 'plan',
    operation: 'migrate',
    summary: `Migrate ${formatBytes(steps[3]?.estimate.bytes ?? 0)} to ${wish.host}`,
    steps,
    warnings: [...warnings, remark],
    estimate: {
      bytes: steps[3]?.estimate.bytes ?? null,
      seconds: steps.reduce((sum, { estimate }) => sum + (estimate.seconds ?? 0), 0),
    },
  }
}

const cellCount = 1024
const letters = { '.': 'waiting', f: 'inFlight', w: 'written', p: 'proven', z: 'skipped' } as const

function inventedMap(share: number, verified: number, chunks: number): ChunkMap {
  const random = seeded(42)
  const chunksPerCell = Math.max(1, Math.ceil(chunks / cellCount))
  let skipping = false
  const cells = Array.from({ length: Math.ceil(chunks / chunksPerCell) }, (_, cell): keyof typeof letters => {
    if (random() < (skipping ? 0.12 : 0.035)) skipping = !skipping
    const at = (cell * chunksPerCell) / chunks
    if (skipping && at > 0.02) return 'z'
    if (at < verified) return 'p'
    if (at < share) return 'w'
    return at < share + 0.012 && random() < 0.5 ? 'f' : '.'
  })
  const counts = { waiting: 0, inFlight: 0, written: 0, proven: 0, skipped: 0 }
  for (const cell of cells) counts[letters[cell]] += chunksPerCell
  return { chunks, chunksPerCell, cells: cells.join(''), counts }
}

/** A migration `elapsed` seconds after its start, as if it ran at about 400 MB/s. */
export function migrationAt(base: MigrationView, elapsed: number): MigrationView {
  const bytes = base.copyBytes ?? 0
  const chunks = Math.ceil((base.source.virtualSize ?? 0) / chunkSize)
  const rate = 412e6 + 30e6 * Math.sin(elapsed / 2.3) - (elapsed % 17 < 2 ? 120e6 : 0)
  const pullSeconds = bytes / 400e6
  const verifySeconds = bytes / 900e6
  const begins = [
    0,
    1.2,
    1.4,
    1.6,
    1.6 + pullSeconds,
    1.6 + pullSeconds + verifySeconds,
    1.8 + pullSeconds + verifySeconds,
  ]
  const outcomes = [
    '31 checks, no warnings',
    `NBD from ${base.source.host}`,
    `${formatBytes(bytes)} of data`,
    'written and flushed',
    'all chunks equal',
    'in place',
  ]
  const started = Date.parse(base.startedAt)
  const time = (seconds: number) => new Date(started + seconds * 1000).toISOString()
  const steps = base.steps.map((step, index): MigrationStepView => {
    const from = begins[index] ?? 0
    const to = begins[index + 1] ?? 0
    if (elapsed >= to) {
      return {
        ...step,
        state: 'done',
        startedAt: time(from),
        finishedAt: time(to),
        outcome: outcomes[index] ?? null,
        attempt: 1,
      }
    }
    if (elapsed >= from) return { ...step, state: 'running', startedAt: time(from), attempt: 1 }
    return step
  })
  const running = steps.find(({ state }) => state === 'running')
  const pulled = Math.max(0, Math.min(1, (elapsed - 1.6) / pullSeconds))
  const proven = Math.max(0, Math.min(1, (elapsed - 1.6 - pullSeconds) / verifySeconds))
  const isMoving = running?.id === 'pull' || running?.id === 'verify'
  const end = begins.at(-1) ?? 0
  const pass = (share: number, seconds: number): TransferView => ({
    done: Math.round(share * bytes),
    total: bytes,
    zeros: 0,
    seconds: share * seconds,
    fileSize: null,
    chunkMap: inventedMap(pulled, proven, chunks),
  })
  const copied = pulled > 0 ? { ...pass(pulled, pullSeconds), fileSize: pulled >= 1 ? bytes : null } : null
  const readBack = proven > 0 || running?.id === 'verify' ? pass(proven, verifySeconds) : null
  const view: MigrationView = {
    ...base,
    steps,
    state: elapsed >= end ? 'succeeded' : 'running',
    finishedAt: elapsed >= end ? time(end) : null,
    progress: isMoving
      ? {
          ...(running.id === 'pull' ? pass(pulled, pullSeconds) : pass(proven, verifySeconds)),
          unit: 'bytes',
          skipped: 0,
          rate: running.id === 'pull' ? rate : rate * 2.1,
          limitedBy: running.id === 'pull' ? 'target' : 'cpu',
        }
      : null,
    copied,
    readBack,
    sourceDigest: pulled >= 1 ? inventedDigest : null,
    targetDigest: proven >= 1 ? inventedDigest : null,
    verified: proven >= 1,
    target: { ...base.target, imageId: elapsed >= end ? 'image-7' : null },
  }
  return { ...view, transferredBytes: copied?.done ?? null, averageRate: migrationNumbers(view).averageRate }
}

export function newMigration(row: ImageRow, number: number, wish: StartMigration): MigrationView {
  const format = wish.format === 'raw' ? 'raw' : 'qcow2'
  const steps = inventedSteps({ row, host: wish.targetHost, name: wish.name, format })
  return {
    id: `migration-${number}`,
    number,
    state: 'waiting',
    image: row.id,
    source: {
      host: row.host,
      library: row.library,
      name: row.name,
      format: row.format,
      virtualSize: row.virtualSize,
    },
    target: {
      host: wish.targetHost,
      library: wish.targetLibrary,
      name: wish.name,
      format,
      subformat: wish.subformat ?? null,
      compression: wish.compression ?? 'none',
      imageId: null,
    },
    startedAt: new Date().toISOString(),
    finishedAt: null,
    stall: null,
    steps: steps.map((step) => ({
      ...step,
      state: 'waiting',
      startedAt: null,
      finishedAt: null,
      outcome: null,
      attempt: 0,
    })),
    warnings: [],
    progress: null,
    copied: null,
    readBack: null,
    dataBytes: Math.round((row.virtualSize ?? 32 * GiB) * 0.55),
    copyBytes: Math.round((row.virtualSize ?? 32 * GiB) * 0.56),
    transferredBytes: null,
    averageRate: null,
    sourceDigest: null,
    targetDigest: null,
    verified: false,
    error: null,
    aftermath: null,
  }
}

export function failedMigration(base: MigrationView): MigrationView {
  const partial = migrationAt(base, 5)
  return {
    ...partial,
    state: 'failed',
    startedAt: ago(5 * 3600),
    finishedAt: ago(5 * 3600 - 6),
    steps: partial.steps.map((step) =>
      step.state === 'running'
        ? {
            ...step,
            state: 'failed',
            outcome: 'the target’s disk filled up',
            finishedAt: new Date(Date.parse(base.startedAt) + 5000).toISOString(),
          }
        : step,
    ),
    progress: null,
    error: {
      code: 'no-space',
      layer: 'L1',
      file: '/srv/vm/.db02.qcow2.part',
      message: 'L1 "/srv/vm/.db02.qcow2.part": 18.1 GiB are needed and 7.00 GiB are free',
      remedy: 'Free space there, or choose another library.',
      details: {},
    },
    aftermath: 'The source was only read: Varve changed nothing in it. The part file on south was removed.',
  }
}
