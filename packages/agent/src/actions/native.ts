import type { ActionInput, ActionName, ActionOutcome } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import type { ActionAdapter, ActionContext } from './adapter.ts'

interface Native<N extends ActionName> {
  /** The calls that it makes, in words, such as `link(2), rename(2), fsync of the folder`. */
  readonly calls: string
  run(input: ActionInput<N>, context: ActionContext): Promise<ActionOutcome<N>>
  isDone?(input: ActionInput<N>, context: ActionContext): Promise<ActionOutcome<N> | null>
}

/** An action that Varve does without a tool. */
export function nativeAdapter<N extends ActionName>(
  name: N,
  { calls, ...rest }: Native<N>,
): ActionAdapter<ActionInput<N>, ActionOutcome<N>> {
  return { tools: [], command: (input) => nativeAction(name, input, calls), ...rest }
}
