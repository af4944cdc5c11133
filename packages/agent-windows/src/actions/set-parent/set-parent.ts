import { resolve } from 'node:path'
import type { ActionContext, AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage } from '@varve/agent/actions/inside-roots'
import { DiskError } from '@varve/core/problems/disk-error'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { isSamePath, plainPath } from '@varve/engine/files/windows-path'
import { callScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'

type Input = ActionInput<'set-parent'>

const silenceMs = 10 * 60_000

function parametersOf({ path, parent }: Input) {
  return { image: plainPath(resolve(path)), parent: plainPath(resolve(parent)) }
}

/** `Set-VHD -ParentPath`, believed from what Varve then reads; an identity that does not match is never ignored. */
export function setParent({ scripts }: WindowsPorts): AdapterOf<'set-parent'> {
  return {
    tools: [],
    command(input) {
      const { image, parent } = parametersOf(input)
      return nativeAction('set-parent', input, cmdlet('Set-VHD', { Path: image, ParentPath: parent }))
    },

    async run(input, context) {
      const { ports, signal } = context
      await assertImage(ports, input.path)
      await assertImage(ports, input.parent)
      const parameters = parametersOf(input)
      await callScript(scripts, { script: 'set-parent', parameters, about: input.path, silenceMs, signal })
      const found = await parentOf(input, context)
      if (found !== null && isSamePath(found, parameters.parent)) return { parent: input.parent }
      throw new DiskError('tool-failed', {
        file: input.path,
        tool: 'Hyper-V',
        exitCode: 0,
        stderr: `it ended as if all were done, and the parent is ${found ?? 'not to be read'}`,
      })
    },

    async isDone(input, context) {
      const found = await parentOf(input, context)
      const { parent } = parametersOf(input)
      return found !== null && isSamePath(found, parent) ? { parent: input.parent } : null
    },
  }
}

/** The parent that Varve finds now. */
async function parentOf(
  { path, format }: Input,
  { ports: { roots }, signal }: Pick<ActionContext, 'ports' | 'signal'>,
): Promise<string | null> {
  const { chain } = await inspectInput({ kind: 'image', path, roots, format }, { signal })
  const parent = chain[1]?.path
  return parent === undefined ? null : plainPath(resolve(parent))
}
