import type { ActionInput, ActionName, ActionOutcome } from '@varve/operations/actions/action-table'
import type { ToolCommand } from '../tools/tool-command.ts'
import type { AdapterOf } from './adapter.ts'
import { assertTarget } from './inside-roots.ts'

interface ToolAction<N extends ActionName, Output> {
  readonly tool: string
  /** The command of the action: what is shown, and what is run. */
  readonly build: (input: ActionInput<N>) => ToolCommand<Output>
  /** Every path that the command is given; the first is the one that it is about. */
  readonly paths: (input: ActionInput<N>) => readonly [string, ...string[]]
  readonly outcome: (output: Output, input: ActionInput<N>) => ActionOutcome<N>
}

/** An action that is one call of a tool. */
export function toolAdapter<N extends ActionName, Output>(
  _name: N,
  { tool, build, paths, outcome }: ToolAction<N, Output>,
): AdapterOf<N> {
  return {
    tools: [tool],
    command(input) {
      const { args, stdin } = build(input)
      return { argv: [tool, ...args], ...(typeof stdin === 'string' && { stdin }) }
    },
    async run(input, { ports, signal, onProgress }) {
      const all = paths(input)
      for (const path of all) await assertTarget(ports, path)
      const output = await ports.tools.run(build(input), {
        signal,
        file: all[0],
        onProgress: (progress) => onProgress({ of: 'tool', progress }),
      })
      return outcome(output, input)
    },
  }
}
