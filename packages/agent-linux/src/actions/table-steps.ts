import type { ActionAdapter } from '@varve/agent/actions/adapter'
import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { resizeGpt, type ResizeGptOptions } from '@varve/engine/cutting/resize-gpt'
import type { ActionInput, ActionOutcome } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { assertOwnHost } from './kernel-action.ts'
import { toolSteps } from './tool-steps.ts'

type TableAction = 'relocate-table' | 'resize-partition'

interface TableSteps<N extends TableAction> {
  /** `sfdisk`, which counts a file in sectors of 512 bytes. */
  readonly build: (input: ActionInput<N>) => ToolCommand<null>
  readonly resized: (input: ActionInput<N>) => ResizeGptOptions['resized']
  readonly outcome: (input: ActionInput<N>) => ActionOutcome<N>
}

/** A change of a partition table: by sfdisk, or by Varve itself where its sectors have 4,096 bytes. */
export function tableSteps<N extends TableAction>(
  name: N,
  { build, resized, outcome }: TableSteps<N>,
): ActionAdapter<ActionInput<N>, ActionOutcome<N>> {
  const tool = toolSteps(name, {
    build: (input) => [build(input)],
    about: (input) => input.name,
    outcome,
  })
  return {
    ...tool,
    command(input) {
      if (input.sectorSize === undefined) return tool.command(input)
      return nativeAction(
        name,
        input,
        'pread(2) and pwrite(2) of both copies of the GPT, fdatasync(2) between',
      )
    },
    async run(input, context) {
      const { disk, sectorSize } = input
      if (sectorSize === undefined) return await tool.run(input, context)
      assertOwnHost(context, input.name)
      await resizeGpt(disk, { sectorSize, resized: resized(input), name: input.name })
      return outcome(input)
    },
  }
}
