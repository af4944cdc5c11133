import { formatBytes } from '@varve/core/units/format-bytes'
import { attachDiskImage } from '@varve/operations/actions/attach-disk-image'
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
import { isPlanAsked } from '../operations/wish.ts'
import { secretFrom } from '../secret-input.ts'
import { printable } from '../output/text.ts'

export interface AttachOptions extends OperateOptions, ReadingOptions {
  /** What is written to the device is written to the image. */
  readonly rw?: boolean
  /** Standard input is the passphrase of an encrypted image of macOS. */
  readonly passphrase?: boolean
}

/** `varve attach IMAGE`: prints the device and its partitions. */
export async function attach(image: string, options: AttachOptions, context: RunContext): Outcome {
  const secret = await passphraseOf(options)
  return await operate(
    {
      operation: 'attach',
      request: attachRequest(image, options),
      isAsked: false,
      ...(secret && { secret }),
      told: (state) => {
        const shown = shownOf(state)
        const { device, size, partitions } = shown
        const offline = 'isOffline' in shown && shown.isOffline ? '  offline, as new disks are here' : ''
        return [
          `${device}  ${formatBytes(size)}${offline}`,
          ...partitions.map((one) => `  ${printable(one.device)}  ${formatBytes(one.size)}`),
          ...apfsVolumesOf(state).map((one) => {
            const name = one.name === null ? '' : `  ${printable(one.name)}`
            return `  ${one.device}${name}${one.role === null ? '' : `  (${printable(one.role)})`}`
          }),
          ...volumesOf(state).map(
            (one) => `  ${one.device}  ${formatBytes(one.size)}  ${one.group}/${one.name}`,
          ),
        ]
      },
      record: (state) => ({
        image: noteOf(state).image,
        ...shownOf(state),
        volumes: [...apfsVolumesOf(state), ...volumesOf(state)],
        attachment: noteOf(state).attachment,
        how: noteOf(state).how,
        run: state.id,
      }),
    },
    options,
    context,
  )
}

/** The passphrase from standard input; a plan takes none, and another host gets none. */
export async function passphraseOf(options: AttachOptions): Promise<Uint8Array | undefined> {
  if (options.passphrase !== true || isPlanAsked(options) || options.host !== undefined) return undefined
  return await secretFrom(process.stdin, 'passphrase')
}

/** What an image is to be attached by, as the options say. */
export function attachRequest(image: string, options: AttachOptions) {
  return {
    image: options.host === undefined ? ownImage(image, options) : imageOf(image, options),
    inUse: idsOf(options.accept).has('in-use') ? 'accept' : 'refuse',
    isWritten: options.rw === true,
    isEncrypted: options.passphrase === true,
  }
}

function ownImage(image: string, options: AttachOptions) {
  const { path, format, choices } = imageInput(image, options)
  return { path, format, reading: choices ?? {} }
}

function shownOf({ steps }: RunState) {
  const windows = steps.find(({ step }) => step.action === attachVhd.name)
  if (windows) return attachVhd.outcome.parse(outcomeOf(windows))
  const mac = macDiskOf(steps)
  if (mac) return mac
  return readPartitions.outcome.parse(
    outcomeOf(steps.find(({ step }) => step.id === 'partitions') ?? missing()),
  )
}

function macDiskOf(steps: RunState['steps']) {
  const mac = steps.find(({ step }) => step.action === attachDiskImage.name)
  return mac ? attachDiskImage.outcome.parse(outcomeOf(mac)) : null
}

/** What macOS shows of APFS containers in it. */
const apfsVolumesOf = ({ steps }: RunState) => macDiskOf(steps)?.volumes ?? []

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
    steps.find(({ step }) =>
      [reserveDevice.name, attachVhd.name, attachDiskImage.name].includes(step.action),
    ) ?? missing()
  const { call } = first.attempts.findLast(({ phase }) => phase === 'done') ?? missing()
  if (first.step.action === reserveDevice.name) return reserveDevice.input.parse(call.input)
  const { image, attachment, by } =
    first.step.action === attachVhd.name
      ? attachVhd.input.parse(call.input)
      : attachDiskImage.input.parse(call.input)
  return { image, attachment, how: by }
}

function missing(): never {
  throw new RangeError('the run has no such step')
}
