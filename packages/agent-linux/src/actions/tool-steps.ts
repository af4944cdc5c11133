import type { ActionAdapter, ActionContext } from '@varve/agent/actions/adapter'
import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { ActionInput, ActionName, ActionOutcome } from '@varve/operations/actions/action-table'
import { commandLine, nativeAction, type Shown } from '@varve/operations/plans/shown'
import type { TiedCommand } from '../tools/tied.ts'
import { holdDevice } from './hold-device.ts'
import { assertFileInLibraries } from './in-libraries.ts'
import { thinPoolBelow } from './thin-pool-below.ts'
import { whileWatched } from './watch-pool.ts'

interface ToolSteps<N extends ActionName> {
  /** The commands of the action, one after the other: what is shown, and what is run. */
  readonly build: (input: ActionInput<N>) => readonly [ToolCommand<null>, ...ToolCommand<null>[]]
  /** What stands for the commands while nobody knows what they work on; null: it is known. */
  readonly later?: (input: ActionInput<N>) => string | null
  /** What it is about, for messages. */
  readonly about: (input: ActionInput<N>) => string
  /** The file or the device that the tools are given: an agent's lies in its libraries. */
  readonly worksOn: (input: ActionInput<N>) => { readonly file: string } | { readonly device: string }
  readonly outcome: (input: ActionInput<N>) => ActionOutcome<N>
}

/** An action on a work image whose tools depend on what is in it. */
export function toolSteps<N extends ActionName>(
  name: N,
  { build, later, about, worksOn, outcome }: ToolSteps<N>,
): ActionAdapter<ActionInput<N>, ActionOutcome<N>> {
  return {
    // The plan has asked for those that it needs.
    tools: [],
    command(input) {
      const words = later?.(input) ?? null
      if (words !== null) return nativeAction(name, input, words)
      const commands = build(input)
      const [first, ...others] = commands
      if (others.length === 0) return shownOf(first)
      return nativeAction(name, input, commands.map((one) => commandLine(shownOf(one))).join(', then '))
    },
    async run(input, context) {
      const on = worksOn(input)
      if ('file' in on) await assertFileInLibraries(on.file, context.ports)
      await using _held = 'file' in on ? null : await holdDevice(on.device, context.ports)
      const pool = 'file' in on ? null : thinPoolBelow(on.device)
      await whileWatched(pool, context, async (signal) => {
        for (const command of build(input)) await runTied(command, about(input), { ...context, signal })
      })
      return outcome(input)
    },
  }
}

/** Runs it; that it failed is said of the tool that people know, not of what has started it. */
export async function runTied<Output>(
  command: ToolCommand<Output> | TiedCommand<Output>,
  file: string,
  { ports, signal, onProgress }: ActionContext,
): Promise<Output> {
  try {
    return await ports.tools.run(command, {
      signal,
      file,
      onProgress: (progress) => onProgress({ of: 'tool', progress }),
    })
  } catch (error) {
    if (!('of' in command) || !isDiskError(error, 'tool-failed')) throw error
    throw new DiskError('tool-failed', { ...error.details, tool: command.of }, { cause: error })
  }
}

function shownOf({ tool, args, stdin }: ToolCommand<null>): Shown {
  return { argv: [tool, ...args], ...(typeof stdin === 'string' && { stdin }) }
}
