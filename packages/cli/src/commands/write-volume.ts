import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { writeVolume as writeAction } from '@varve/operations/actions/write-volume'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { groupDigest } from '../output/text.ts'
import { sourceAddress, type ConvertOptions } from './convert-request.ts'
import { madeVolume } from './create-volume.ts'
import { assertRawVolume, volumeChoices, type VolumeOptions } from './volume-options.ts'

/** `varve convert SOURCE lvm:VG/LV`, and clone: a new volume that has its name once it is written and proven. */
export async function writeVolume(
  options: ConvertOptions & VolumeOptions & OperateOptions,
  context: RunContext,
): Outcome {
  assertNothingElse(options)
  const { sources, target, accept, verify, snapshots } = options
  const [source = ''] = sources
  const request = {
    source: sourceAddress(source, options),
    target,
    ...volumeChoices(options),
    inUse: inUseOf(accept),
    verify,
    expected: options.expected ?? null,
    snapshots: snapshots ?? 'ask',
  }
  return await operate(
    {
      operation: 'write-volume',
      request,
      isAsked: false,
      refusal: 'error',
      told: (state) => described(state, verify),
      record: (state) => ({
        ...madeVolume(state),
        format: 'raw',
        ...written(state),
        verified: verify,
        run: state.id,
      }),
    },
    options,
    context,
  )
}

function assertNothingElse(options: ConvertOptions): void {
  const { sources, host, outputFormat, subformat, compress, option = [], backing, force, snapshots } = options
  assertRawVolume(
    [
      [sources.length > 1, 'One SOURCE is written to a volume.'],
      [outputFormat !== undefined && outputFormat !== 'raw', 'A volume holds a raw disk: -O is not for it.'],
      [
        subformat !== undefined || compress !== undefined || option.length > 0,
        'A volume holds a raw disk: it has no kinds and no choices.',
      ],
      [backing !== undefined, 'A volume is no overlay: --backing is not for it.'],
      [force === true, 'A volume that is there is not written over: remove it first with varve delete.'],
      [snapshots === 'extract', 'A volume has no room for snapshots: --snapshots drop leaves them out.'],
      [
        options.rescue === true,
        'What is read with force is written to a file first: --rescue is not for volumes.',
      ],
    ],
    host,
  )
}

function written({ steps }: RunState) {
  const step = steps.find((one) => one.step.action === 'write-volume')
  return writeAction.outcome.parse(step && outcomeOf(step))
}

function described(state: RunState, isProven: boolean): string[] {
  const { path, device } = madeVolume(state)
  const { virtualSize, dataBytes, digest, seconds } = written(state)
  return [
    `${path}: raw, ${formatBytes(virtualSize)} disk with ${formatBytes(dataBytes)} data at ${device}`,
    `digest  ${groupDigest(digest)}${isProven ? '  read back and equal' : ''}`,
    `${seconds.toFixed(2)} s, ${formatRate(dataBytes / Math.max(seconds, 0.001))}`,
  ]
}
