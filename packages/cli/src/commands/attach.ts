import { formatBytes } from '@varve/core/units/format-bytes'
import { readPartitions } from '@varve/operations/actions/read-partitions'
import { reserveDevice } from '@varve/operations/actions/reserve-device'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { idsOf } from '../consent.ts'
import { imageInput, type ReadingOptions } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { printable } from '../output/text.ts'

export interface AttachOptions extends OperateOptions, ReadingOptions {
  /** What is written to the device is written to the image. */
  readonly rw?: boolean
}

/** `varve attach IMAGE`: prints the device and its partitions. */
export async function attach(image: string, options: AttachOptions, context: RunContext): Outcome {
  return await operate(
    {
      operation: 'attach',
      request: attachRequest(image, options),
      isAsked: false,
      told: (state) => {
        const { device, size, partitions } = shownOf(state)
        return [
          device,
          ...partitions.map((one) => `  ${printable(one.device)}  ${formatBytes(one.size)}`),
        ].map((line, at) => (at === 0 ? `${line}  ${formatBytes(size)}` : line))
      },
      record: (state) => ({
        image: noteOf(state).image,
        ...shownOf(state),
        attachment: noteOf(state).attachment,
        how: noteOf(state).how,
      }),
    },
    options,
    context,
  )
}

/** What an image is to be attached by, as the options say. */
export function attachRequest(image: string, options: AttachOptions) {
  const { path, format, choices } = imageInput(image, options)
  return {
    image: { path, format, reading: choices ?? {} },
    inUse: idsOf(options.accept).has('in-use') ? 'accept' : 'refuse',
    isWritten: options.rw === true,
  }
}

function shownOf({ steps }: RunState) {
  return readPartitions.outcome.parse(
    outcomeOf(steps.find(({ step }) => step.id === 'partitions') ?? missing()),
  )
}

function noteOf({ steps }: RunState) {
  const reserved = steps.find(({ step }) => step.id === 'reserve') ?? missing()
  const { call } = reserved.attempts.findLast(({ phase }) => phase === 'done') ?? missing()
  return reserveDevice.input.parse(call.input)
}

function missing(): never {
  throw new RangeError('the run has no such step')
}
