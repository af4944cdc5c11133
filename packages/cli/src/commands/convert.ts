import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import type { Problem } from '@varve/core/problems/problem'
import type { Outcome, RunContext } from '../command.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import type { RunState } from '@varve/operations/runs/run-state'
import { copiesDone, type CopyDone } from '../output/copies-done.ts'
import { groupDigest, printable } from '../output/text.ts'
import { remarkRescue, remarkZeroed, rescueMember, type RescueNotice } from '../rescue-notice.ts'
import { copyNotice } from '../source-notice.ts'
import { convertRequest, type ConvertOptions } from './convert-request.ts'

/** `varve convert SOURCE… TARGET`: the target appears under its name complete and proven, or not at all. */
export async function convert(options: ConvertOptions & OperateOptions, context: RunContext): Outcome {
  const request = convertRequest(options)
  return await operate(
    {
      operation: 'convert',
      request,
      isAsked: false,
      refusal: 'error',
      durability: request.durability,
      ...copyAnswers(options, context),
    },
    options,
    context,
  )
}

/** How a copy is reported, whatever it is of. */
export function copyAnswers(
  { accept, rescue = false, target }: Pick<ConvertOptions, 'accept' | 'rescue' | 'target'>,
  context: RunContext,
) {
  let notice: ReturnType<typeof copyNotice> = { findings: [], rescue: null }
  return {
    notice(found: readonly Problem[]) {
      notice = copyNotice(found, { accept, isRescue: rescue })
      if (notice.rescue) remarkRescue(notice.rescue, (text) => context.remark(text))
      for (const { message, remedy } of notice.findings) context.remark(printable(`${message}. ${remedy}`))
    },
    told(state: RunState): string[] {
      const copies = copiesDone(state)
      for (const { zeroed } of copies) remarkZeroed(zeroed, context)
      const [only, ...others] = copies
      const named = (copy: CopyDone) => (only && others.length === 0 ? target : copy.path)
      return copies.flatMap((copy) => describe(named(copy), copy, { isRescue: notice.rescue !== null }))
    },
    record(state: RunState): object {
      const copies = copiesDone(state)
      for (const { zeroed } of copies) remarkZeroed(zeroed, context)
      const findings = notice.findings.map(({ id, message, remedy }) => ({ id, message, remedy }))
      const [only, ...others] = copies
      if (only && others.length === 0) return { ...recordOf(only, notice.rescue), findings, run: state.id }
      return { images: copies.map((copy) => recordOf(copy, notice.rescue)), findings, run: state.id }
    },
  }
}

function recordOf({ zeroed, ...written }: CopyDone, rescue: RescueNotice | null) {
  return { ...written, ...rescueMember(rescue, zeroed) }
}

function describe(target: string, copy: CopyDone, { isRescue }: { readonly isRescue: boolean }): string[] {
  const { format, virtualSize, dataBytes, fileSize, sharedBytes, seconds, digest, verified } = copy
  const proof = isRescue
    ? '  read back and equal to what was rescued, which is NOT proven to be the disk'
    : '  read back and equal'
  const shared = `shares ${formatBytes(sharedBytes)} with the source (reflink)`
  return [
    `${target}: ${format}, ${formatBytes(virtualSize)} disk with ${formatBytes(dataBytes)} data, file ${formatBytes(fileSize)}`,
    ...(sharedBytes > 0 ? [shared] : []),
    `digest  ${groupDigest(digest)}${verified ? proof : ''}`,
    `${seconds.toFixed(2)} s, ${formatRate(dataBytes / Math.max(seconds, 0.001))}`,
  ]
}
