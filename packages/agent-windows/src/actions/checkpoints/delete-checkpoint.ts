import { setTimeout as sleep } from 'node:timers/promises'
import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import { assertMachineInside } from '@varve/agent/operations/machine-of-image'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import type { HyperVMachine } from '@varve/protocol/machines'
import { callScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { usualWaits } from '../waits.ts'
import { forgetBegun, madeOf, readBegun } from './begun.ts'
import { checkpointOf, fileOf, machineIfThere } from './machine-of.ts'

type Input = ActionInput<'delete-checkpoint'>

const silenceMs = 600_000
/** Looks in a row that may fail while Hyper-V is at it. */
const mostFailures = 3

/** `Remove-VMSnapshot`, and the merge of its files after it, which takes as long as there is to merge. */
export function deleteCheckpoint({
  scripts,
  windows,
  waits: { everyMs, lateMs, standstillMs } = usualWaits,
}: WindowsPorts): AdapterOf<'delete-checkpoint'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'delete-checkpoint',
        input,
        `Remove-VMSnapshot -Confirm:$false -VMSnapshot ${checkpointOf(input.machine, input)}`,
      ),

    async run(input, context) {
      const { ports, signal } = context
      const found = await machineIfThere(input, windows)
      // A machine takes its checkpoints with it.
      if (found === null) return { wasThere: false }
      await assertMachineInside(found, { image: fileOf(found), roots: ports.roots })
      const { machine } = input
      const checkpoint = input.checkpoint?.toLowerCase() ?? (await begunCheckpoint(input, context))
      if (checkpoint !== null) {
        const file = fileOf(found)
        const parameters = { machine, checkpoint }
        await callScript(scripts, { script: 'remove-checkpoint', parameters, about: file, signal, silenceMs })
        await untilGone(input, { checkpoint, file }, context)
      }
      await forgetBegun(ports, { attempt: input.attempt, made: checkpoint })
      return { wasThere: checkpoint !== null && (input.checkpoint === null || has(found, checkpoint)) }
    },
  }

  /** The one that Varve began to make under that name; where that was cut off it may come late. */
  async function begunCheckpoint(input: Input, { ports, signal }: ActionContext): Promise<string | null> {
    const begun = await readBegun(ports, input.attempt)
    if (begun === null) return null
    const until = performance.now() + lateMs
    for (;;) {
      const machine = await machineIfThere(input, windows)
      const made = machine && madeOf(begun, machine)
      if (made !== null || machine === null || begun.made !== null || performance.now() >= until) return made
      await sleep(everyMs, undefined, { signal })
    }
  }

  async function untilGone(
    input: Input,
    { checkpoint, file }: { readonly checkpoint: string; readonly file: string },
    { signal, onProgress }: ActionContext,
  ): Promise<void> {
    let movedAt = performance.now()
    let failures = 0
    for (;;) {
      const now = await machineIfThere(input, windows).catch((error: unknown) => {
        failures += 1
        if (failures >= mostFailures || !isDiskError(error)) throw error
        return undefined
      })
      if (now === null || (now && !has(now, checkpoint) && !now.checkpoints.isMerging)) return
      if (now) failures = 0
      if (now?.checkpoints.isMerging === true) movedAt = performance.now()
      const note = now?.checkpoints.isMerging === true ? 'Hyper-V merges its files' : 'Hyper-V removes it'
      onProgress({ of: 'tool', progress: { fraction: null, note } })
      if (performance.now() - movedAt > standstillMs)
        throw new DiskError('no-progress', {
          file,
          during: 'waiting for Hyper-V to remove the checkpoint',
          seconds: Math.round(standstillMs / 1000),
        })
      await sleep(everyMs, undefined, { signal })
    }
  }
}

const has = ({ checkpoints }: HyperVMachine, checkpoint: string) =>
  checkpoints.all.some(({ id }) => id === checkpoint)
