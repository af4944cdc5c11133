import { setTimeout as sleep } from 'node:timers/promises'
import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import { registryIn, type Registry } from '@varve/engine/attached/registry'
import type { ActionInput, ActionName, ActionOutcome } from '@varve/operations/actions/action-table'
import { notOfLibraries } from './in-libraries.ts'

/** What a step of a kernel's devices looks at. */
export interface KernelContext extends ActionContext {
  readonly registry: Registry
}

interface KernelAction<N extends ActionName> {
  readonly tool: string
  /** Tools that `build` takes for other inputs. */
  readonly others?: readonly string[]
  /** The command of the action: what is shown, and what is run. */
  readonly build: (input: ActionInput<N>) => ToolCommand<null>
  /** What the tool's standard input gives, which is shown nowhere. */
  readonly stdin?: (input: ActionInput<N>, context: KernelContext) => Uint8Array
  /** What it is about, for messages. */
  readonly about: (input: ActionInput<N>) => string
  /** For agents: whether it is of an image of their libraries. Left out: agents refuse it. */
  readonly isOfLibraries?: (input: ActionInput<N>, context: KernelContext) => Promise<boolean>
  /** The outcome for agents where it is not, as it was taken away before. Left out: they refuse it. */
  readonly otherwise?: (input: ActionInput<N>) => ActionOutcome<N>
  /** The outcome when nothing is left to be done, or nothing of ours is there; null: the tool is to be run. */
  readonly before?: (input: ActionInput<N>, context: KernelContext) => Promise<ActionOutcome<N> | null>
  /** What the kernel has now; null: not what was wanted. */
  readonly after: (input: ActionInput<N>, context: KernelContext) => Promise<ActionOutcome<N> | null>
  /** Why it may have come to nothing although the tool did not fail. */
  readonly failure?: (input: ActionInput<N>, context: KernelContext) => DiskError
  /** Whether a run that goes on after a death asks `after` first. */
  readonly isFoundAgain?: boolean
}

/** The kernel shows what a tool did within so long. */
const waitMs = 10_000
const pauseMs = 20

/** An action that is one call of a tool on the kernel's devices, and that believes the kernel, not the tool. */
export function kernelAction<N extends ActionName>(_name: N, action: KernelAction<N>): AdapterOf<N> {
  const { tool, others = [], build, stdin, about, before, after, failure, isFoundAgain = false } = action
  const within = (context: ActionContext): KernelContext => ({
    ...context,
    registry: registryIn(context.ports.runtimeFolder),
  })
  return {
    tools: [tool, ...others],
    command(input) {
      const command = build(input)
      return { argv: [command.tool, ...command.args] }
    },
    async run(input, given) {
      const context = within(given)
      if (context.ports.roots !== null) {
        if (!action.isOfLibraries) assertOwnHost(context, about(input))
        else if (!(await action.isOfLibraries(input, context))) {
          if (action.otherwise) return action.otherwise(input)
          throw notOfLibraries(about(input))
        }
      }
      const known = (await before?.(input, context)) ?? null
      if (known !== null) return known
      const command = { ...build(input), ...(stdin && { stdin: stdin(input, context) }) }
      await context.ports.tools.run(command, { signal: context.signal, file: about(input) })
      const end = performance.now() + waitMs
      for (;;) {
        const found = await after(input, context)
        if (found !== null) return found
        if (performance.now() > end)
          throw failure?.(input, context) ?? notThere(build(input).tool, about(input))
        await sleep(pauseMs)
      }
    },
    ...(isFoundAgain && { isDone: async (input, context) => after(input, within(context)) }),
  }
}

/** The tool said that all is well, and the kernel does not show it. */
export function notThere(tool: string, file: string): DiskError {
  return new DiskError('tool-failed', {
    file,
    tool,
    exitCode: 0,
    stderr: 'the kernel does not show what it was to do',
  })
}

/** Throws `refused` for agents: block devices and mounts are the whole host's. */
export function assertOwnHost({ ports }: Pick<ActionContext, 'ports'>, file: string): void {
  if (ports.roots === null) return
  throw new DiskError('refused', {
    file,
    reason: 'an agent works in its libraries only, and block devices and mounts are the whole host’s',
    remedy: 'Use the command on that host.',
  })
}
