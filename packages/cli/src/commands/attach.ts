import { formatBytes } from '@varve/core/units/format-bytes'
import { attachVhd } from '@varve/operations/actions/attach-vhd'
import { mapVolume } from '@varve/operations/actions/map-volume'
import { readPartitions } from '@varve/operations/actions/read-partitions'
import { reserveDevice } from '@varve/operations/actions/reserve-device'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { idsOf } from '../consent.ts'
import { imageInput, type ReadingOptions } from '../input.ts'
import { operate, type OperateOptions } from '../operations/operate.ts'
import { imageOf } from '../operations/read-by-plan.ts'
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
        const shown = shownOf(state)
        const { device, size, partitions } = shown
        const offline = 'isOffline' in shown && shown.isOffline ? '  offline, as new disks are here' : ''
        return [
          `${device}  ${formatBytes(size)}${offline}`,
          ...partitions.map((one) => `  ${printable(one.device)}  ${formatBytes(one.size)}`),
          ...volumesOf(state).map(
            (one) => `  ${one.device}  ${formatBytes(one.size)}  ${one.group}/${one.name}`,
          ),
        ]
      },
      record: (state) => ({
        image: noteOf(state).image,
        ...shownOf(state),
        volumes: volumesOf(state),
        attachment: noteOf(state).attachment,
        how: noteOf(state).how,
        run: state.id,
      }),
    },
    options,
    context,
  )
}

/** What an image is to be attached by, as the options say. */
export function attachRequest(image: string, options: AttachOptions) {
  return {
    image: options.host === undefined ? ownImage(image, options) : imageOf(image, options),
    inUse: idsOf(options.accept).has('in-use') ? 'accept' : 'refuse',
    isWritten: options.rw === true,
  }
}

function ownImage(image: string, options: AttachOptions) {
  const { path, format, choices } = imageInput(image, options)
  return { path, format, reading: choices ?? {} }
}

function shownOf({ steps }: RunState) {
  const windows = steps.find(({ step }) => step.action === attachVhd.name)
  if (windows) return attachVhd.outcome.parse(outcomeOf(windows))
  return readPartitions.outcome.parse(
    outcomeOf(steps.find(({ step }) => step.id === 'partitions') ?? missing()),
  )
}

/** The logical volumes that were made devices. */
function volumesOf({ steps }: RunState) {
  return steps
    .filter(({ step }) => step.action === 'map-volume')
    .map((one) => {
      const { mapped, volume, size } = mapVolume.outcome.parse(outcomeOf(one))
      return { ...volume, device: mapped, size }
    })
}

/** The image, what its attachment is named by, and how it was made. */
function noteOf({ steps }: RunState): { image: string; attachment: unknown; how: string } {
  const first =
    steps.find(({ step }) => [reserveDevice.name, attachVhd.name].includes(step.action)) ?? missing()
  const { call } = first.attempts.findLast(({ phase }) => phase === 'done') ?? missing()
  if (first.step.action === reserveDevice.name) return reserveDevice.input.parse(call.input)
  const { image, attachment, by } = attachVhd.input.parse(call.input)
  return { image, attachment, how: by }
}

function missing(): never {
  throw new RangeError('the run has no such step')
}
