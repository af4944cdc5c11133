import type { CarryOptions } from '@varve/agent/runs/local-runs'
import type { RunState } from '@varve/operations/runs/run-state'
import type { RunContext } from '../command.ts'
import { ProgressLine } from './progress-line.ts'

type Show = Required<Pick<CarryOptions, 'onChange' | 'onProgress'>>

/** Carries something out and shows on standard error how far its steps are. */
export async function showRun(
  context: RunContext,
  work: (show: Show) => Promise<RunState>,
): Promise<RunState> {
  let line: ProgressLine | null = null
  let current = ''
  const end = () => {
    line?.end()
    line = null
  }
  const show: Show = {
    onChange: (state) => {
      const running = state.steps.find(({ phase }) => phase === 'running')?.step.id ?? ''
      if (running === current) return
      end()
      current = running
    },
    onProgress: (step, { of, progress }) => {
      line ??= new ProgressLine(step, context.config.isTerminal)
      if (of === 'transfer') line.show({ done: progress.doneBytes, total: progress.totalBytes })
      else if (progress.fraction !== null)
        line.show({ done: Math.round(progress.fraction * 1000), total: 1000 })
    },
  }
  return await work(show).finally(end)
}
