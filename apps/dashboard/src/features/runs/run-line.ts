import { formatRate } from '@varve/core/units/format-bytes'
import { migrationNumbers } from '@varve/protocol/migration-numbers'
import { movedWords } from '@varve/protocol/migration-words'
import type { MigrationView } from '@varve/protocol/migrations'
import type { RunView } from '@varve/protocol/runs'
import type { Tone } from '../../components/marks.tsx'

/** Something that runs or ran, as one line of a list. */
export interface RunLine {
  readonly kind: 'run' | 'migration'
  readonly id: string
  readonly number: number
  readonly operation: string
  readonly summary: string
  readonly hosts: readonly string[]
  readonly state: RunState
  readonly isOpen: boolean
  /** The host that is waited for; null: none. */
  readonly waitsFor: string | null
  readonly startedAt: string
  readonly finishedAt: string | null
  /** 0 to 1 of the step that moves bytes; null: none does. */
  readonly share: number | null
  /** What it does now, or how it went. */
  readonly told: string
  /** Words that find it besides what is shown. */
  readonly keywords: string
}

export type RunState = RunView['state'] | 'canceling'

/** A run as a line. */
export function runToLine(run: RunView): RunLine {
  const { id, number, operation, summary, hosts, startedAt, finishedAt, progress } = run
  const total = progress?.total ?? null
  return {
    kind: 'run',
    id,
    number,
    operation,
    summary,
    hosts,
    state: run.isCanceling ? 'canceling' : run.state,
    isOpen: finishedAt === null,
    waitsFor: run.waitsFor,
    startedAt,
    finishedAt,
    share: total === null || total === 0 || progress === null ? null : Math.min(1, progress.done / total),
    told: toldOf(run),
    keywords: run.steps.map(({ title }) => title).join(' '),
  }
}

function toldOf({ state, waitsFor, error, steps, finishedAt, progress }: RunView): string {
  if (waitsFor !== null) return `the agent on ${waitsFor} does not answer`
  if (error !== null) return `${error.layer}: ${error.code.replaceAll('-', ' ')}`
  if (state === 'canceled' || state === 'undone') return 'everything is as it was before'
  if (finishedAt !== null) return steps.findLast(({ state }) => state === 'done')?.outcome ?? ''
  const at = steps.findIndex(({ state }) => state === 'running')
  const running = steps[at]
  if (!running) return 'begins'
  const rate = progress?.rate ?? null
  return `${at + 1} of ${steps.length}: ${running.title.toLowerCase()}${rate === null ? '' : ` · ${formatRate(rate)}`}`
}

/** A migration as a line. */
export function migrationToLine(migration: MigrationView): RunLine {
  const { id, number, source, target, state, startedAt, finishedAt, error, stall } = migration
  const numbers = migrationNumbers(migration)
  const rate = numbers.rate === null ? '' : ` · ${formatRate(numbers.rate)}`
  const failed =
    error !== null && state === 'failed' ? `${error.layer}: ${error.code.replaceAll('-', ' ')}` : null
  return {
    kind: 'migration',
    id,
    number,
    operation: 'migrate',
    summary: `${source.name.split('/').at(-1) ?? source.name} to ${target.host} as ${target.name}`,
    hosts: [...new Set([source.host, target.host])],
    state,
    isOpen: finishedAt === null,
    waitsFor: null,
    startedAt,
    finishedAt,
    share: finishedAt === null ? numbers.share : null,
    told:
      finishedAt === null
        ? (stall?.message ?? `${numbers.percent} %${rate}`)
        : (failed ?? movedWords(migration)),
    keywords: `${source.name} ${target.name} ${target.library} ${source.format} ${target.format}`,
  }
}

const words: Readonly<Record<RunState, readonly [words: string, tone: Tone]>> = {
  waiting: ['waiting', 'plain'],
  running: ['running', 'accent'],
  canceling: ['canceling', 'warn'],
  undoing: ['undoing', 'warn'],
  succeeded: ['done', 'good'],
  failed: ['failed', 'bad'],
  canceled: ['canceled', 'plain'],
  undone: ['undone', 'plain'],
}

/** The state in a word, and how good that is. */
export function stateToWords(
  state: RunState,
  waitsFor: string | null = null,
): { readonly words: string; readonly tone: Tone } {
  if (waitsFor !== null) return { words: `waits for ${waitsFor}`, tone: 'warn' }
  const [said, tone] = words[state]
  return { words: said, tone }
}
