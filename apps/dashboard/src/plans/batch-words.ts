import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { PlanView } from '@varve/protocol/plans'
import { titleWords } from '@varve/core/problems/problem-words'
import { estimateToWords } from '../components/time-to-words.ts'
import { warningsOf } from './planned.ts'
import type { StartOutcome } from './use-starts.ts'

/** What stands in a table about the plan of one of many. */
export interface PlanWords {
  readonly text: string
  readonly remedy: string | null
  readonly tone: 'plain' | 'warn' | 'bad' | 'good'
}

interface OneOfMany<Started> {
  /** Null while it is planned. */
  readonly plan: PlanView | null
  readonly planError: string | null
  readonly outcome: StartOutcome<Started> | null
}

/** The plan of one of many in a few words, or how its start went; `startedWords` says what was started. */
export function planWords<Started>(
  { plan, planError, outcome }: OneOfMany<Started>,
  startedWords: (started: Started) => string,
): PlanWords {
  if (outcome?.kind === 'started') return { text: startedWords(outcome.started), remedy: null, tone: 'good' }
  if (outcome?.kind === 'failed') return { text: outcome.reason, remedy: outcome.remedy, tone: 'bad' }
  if (planError !== null) return { text: planError, remedy: null, tone: 'bad' }
  if (plan === null) return { text: 'planning…', remedy: null, tone: 'plain' }
  if (plan.kind === 'refusal') {
    const [problem] = plan.problems
    return {
      text: problem ? titleWords(problem) : 'It cannot be done.',
      remedy: problem?.remedy ?? null,
      tone: 'bad',
    }
  }
  const { bytes, seconds } = plan.estimate
  const open = warningsOf(plan).length
  const parts = [
    bytes === null || bytes === 0 ? null : formatBytes(bytes),
    seconds === null ? null : estimateToWords(seconds),
    open === 0 ? null : countOf(open, 'warning'),
  ].filter((part) => part !== null)
  return {
    text: parts.length === 0 ? 'ready' : parts.join(' · '),
    remedy: null,
    tone: open === 0 ? 'plain' : 'warn',
  }
}
