import type { RunLogEntry, RunStepView } from '@varve/protocol/runs'
import { titleWords } from '@varve/core/problems/problem-words'

/** One line of a run's log. */
export interface LogLine {
  readonly at: string
  readonly layer: RunStepView['layer'] | null
  readonly words: string
  readonly tone: 'plain' | 'good' | 'warn' | 'bad'
}

const wishes = {
  cancel: 'Somebody canceled it',
  undo: 'Somebody wants it undone',
  resume: 'Somebody resumed it',
} as const
const ends = {
  succeeded: ['It is done', 'good'],
  failed: ['It failed', 'bad'],
  canceled: ['It was canceled', 'plain'],
  undone: ['It is undone', 'plain'],
} as const

/** The journal of a run in words, oldest first. */
export function logToWords(log: readonly RunLogEntry[], steps: readonly RunStepView[]): readonly LogLine[] {
  const byId = new Map(steps.map((step) => [step.id, step]))
  return log.map((entry): LogLine => {
    const step = 'step' in entry ? byId.get(entry.step) : undefined
    const title = step?.title ?? ('step' in entry ? entry.step : '')
    const again = 'attempt' in entry && entry.attempt > 1 ? `, attempt ${entry.attempt}` : ''
    const line = (words: string, tone: LogLine['tone'] = 'plain') => ({
      at: entry.at,
      layer: step?.layer ?? null,
      words,
      tone,
    })
    switch (entry.event) {
      case 'created':
        return line('The plan was accepted, and it began')
      case 'started':
        return line(`Started: ${title}${again}`)
      case 'done':
        return line(`Done: ${title}${entry.told === '' ? '' : `, ${entry.told}`}`, 'good')
      case 'failed':
        return line(
          `Failed: ${title}. ${titleWords(entry.error)}${entry.again ? ' It is tried again.' : ''}`,
          entry.again ? 'warn' : 'bad',
        )
      case 'undone':
        return line(`Undone: ${title}`)
      case 'undo-failed':
        return line(`Not undone: ${title}. ${titleWords(entry.error)}`, 'bad')
      case 'asked':
        return line(wishes[entry.wish], 'warn')
      case 'ended': {
        const [words, tone] = ends[entry.state]
        return line(words, tone)
      }
    }
  })
}
