import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { writeExport as writeAction } from '@varve/operations/actions/write-export'
import { newestAttempt, type RunState } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exportInput } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { groupDigest, printable } from '../output/text.ts'
import { assertNoneStray } from './assert-none-stray.ts'
import { sourceAddress, type ConvertOptions } from './convert-request.ts'

/** `varve convert SOURCE nbd://…`: the export is written over in place, once that was consented to by name, and read back. */
export async function writeExport(options: ConvertOptions & OperateOptions, context: RunContext): Outcome {
  assertNothingElse(options)
  const { sources, accept, verify, snapshots } = options
  const [source = ''] = sources
  const target = exportInput(options.target, options)?.address ?? options.target
  const request = {
    source: sourceAddress(source, options),
    target,
    inUse: inUseOf(accept),
    verify,
    expected: options.expected ?? null,
    snapshots: snapshots ?? 'ask',
  }
  const wish = { operation: 'write-export', request, isAsked: true, refusal: 'error' } as const
  return await operate(
    {
      ...wish,
      told: (state) => described(target, resultOf(state), verify),
      record: (state) => ({ path: target, ...resultOf(state), verified: verify, run: state.id }),
    },
    options,
    context,
  )
}

/** What a raw disk of the size of its source has no room for. */
function assertNothingElse(options: ConvertOptions): void {
  const { sources, host, outputFormat, subformat, compress, option = [], backing, force, snapshots } = options
  assertNoneStray([
    [sources.length > 1, 'One SOURCE is written to an export.'],
    [host !== undefined, 'Agents write to no NBD exports: --host is not for them.'],
    [outputFormat !== undefined && outputFormat !== 'raw', 'An NBD export is a raw disk: -O is not for it.'],
    [
      subformat !== undefined || compress !== undefined || option.length > 0,
      'An NBD export is a raw disk: it has no kinds and no choices.',
    ],
    [backing !== undefined, 'An NBD export is no overlay: --backing is not for it.'],
    [
      force === true,
      'An NBD export is written over in place: --accept export-overwritten says so, not --force.',
    ],
    [snapshots === 'extract', 'An NBD export has no room for snapshots: --snapshots drop leaves them out.'],
  ])
}

function resultOf({ steps }: RunState) {
  const [write] = steps
  const attempt = write && newestAttempt(write)
  return writeAction.outcome.parse(attempt?.phase === 'done' ? attempt.outcome : null)
}

function described(
  target: string,
  { digest, virtualSize, dataBytes, seconds }: ReturnType<typeof resultOf>,
  isProven: boolean,
): string[] {
  return [
    `${printable(target)}: raw, ${formatBytes(virtualSize)} disk with ${formatBytes(dataBytes)} data`,
    `digest  ${groupDigest(digest)}${isProven ? '  read back and equal' : ''}`,
    `${seconds.toFixed(2)} s, ${formatRate(dataBytes / Math.max(seconds, 0.001))}`,
  ]
}
