import { checkFile } from '@varve/engine/images/check-file'
import { repairCopy } from '@varve/operations/actions/repair-copy'
import { repairImage } from '@varve/operations/actions/repair-image'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { imageInput, pathOf, type ReadingOptions } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { printCheck } from './check.ts'

export interface RepairCommand extends ReadingOptions, OperateOptions {
  readonly repair?: boolean
  readonly backup?: string
  readonly with?: 'varve' | 'qemu-img'
  readonly what?: 'leaks' | 'all'
  readonly undo?: string
}

/** `varve check FILE --repair`: in place behind a backup, or with qemu-img on a copy that takes the place of the original. */
export async function repair(files: readonly string[], command: RepairCommand, context: RunContext): Outcome {
  const [file = '', ...others] = files
  const { backup, what, undo, host, with: by = 'varve' } = command
  if (undo !== undefined) throw new UsageError('--undo BACKUP goes with nothing else.')
  if (others.length > 0) throw new UsageError('--repair takes one image.')
  if (by === 'varve' && backup === undefined) throw new UsageError('--repair needs --backup FILE.')
  if (by === 'varve' && what !== undefined) throw new UsageError('--what is for --with qemu-img only.')
  if (by === 'qemu-img' && backup !== undefined)
    throw new UsageError('--with qemu-img keeps the original in quarantine: --backup is not for it.')
  const { path, format, choices } = imageInput(file, command)
  // A repair judges the image as it is.
  const reading = { ...choices, rescue: undefined }
  const request = {
    image: { path: host === undefined ? path : file, format, reading },
    by,
    backup: backup === undefined ? null : host === undefined ? pathOf(backup) : backup,
    what: what ?? 'leaks',
  }
  async function report(state: RunState): Outcome {
    const { report: found } = await checkFile(path, {
      roots: null,
      format,
      choices: { ...choices, rescue: false },
      signal: context.signal,
    })
    return printCheck(found, fixesOf(state), context)
  }
  return await operate(
    { operation: 'repair', request, isAsked: by === 'qemu-img', refusal: 'error', report },
    command,
    context,
  )
}

function fixesOf({ steps }: RunState): string[] {
  return steps.flatMap((step) => {
    const own = step.step.action === repairImage.name && repairImage.outcome.safeParse(outcomeOf(step))
    if (own && own.success) return own.data.fixes
    const tool = step.step.action === repairCopy.name && repairCopy.outcome.safeParse(outcomeOf(step))
    return tool && tool.success ? [repairCopy.told(tool.data)] : []
  })
}
