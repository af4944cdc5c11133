import { existsSync } from 'node:fs'
import { mountDiskVolume } from '@varve/operations/actions/mount-disk-volume'
import { mountFilesystem } from '@varve/operations/actions/mount-filesystem'
import { outcomeOf } from '@varve/operations/runs/run-state'
import type { Outcome, RunContext } from '../command.ts'
import { placeOf } from '../input.ts'
import { operate } from '../operations/operate.ts'
import { printable } from '../output/text.ts'
import { attachRequest, type AttachOptions } from './attach.ts'
import { luksWish, type LuksOptions } from './luks-options.ts'

export type MountOptions = AttachOptions & LuksOptions

/** `varve mount IMAGE[:PARTITION][:VG/LV] FOLDER`. */
export async function mount(
  { image, folder }: { readonly image: string; readonly folder: string },
  options: MountOptions,
  context: RunContext,
): Outcome {
  const { isLuks, secret } = await luksWish(options)
  const { name, partition, volume } = options.host === undefined ? ownPlace(image) : placeThere(image)
  const request = {
    ...attachRequest(name, options),
    partition,
    volume,
    isLuks,
    folder: placeOf(folder, options),
  }
  const mounted = (state: Parameters<typeof outcomeOfMount>[0]) => ({
    image: request.image.path,
    partition,
    volume: volume === null ? null : `${volume.group}/${volume.name}`,
    ...outcomeOfMount(state),
    run: state.id,
    throwAway: state.created.plan.warnings.some(({ id }) => id === 'journal-replayed-aside'),
  })
  return await operate(
    {
      operation: 'mount',
      request,
      isAsked: false,
      ...(secret && { secret }),
      told: (state) => [
        `${printable(outcomeOfMount(state).device)} is mounted at ${printable(outcomeOfMount(state).folder)}`,
      ],
      record: mounted,
    },
    options,
    context,
  )
}

function outcomeOfMount({ steps }: Parameters<NonNullable<Parameters<typeof operate>[0]['record']>>[0]) {
  const step = steps.find((one) => one.step.id === 'mount')
  if (step?.step.action === mountDiskVolume.name) return mountDiskVolume.outcome.parse(outcomeOf(step))
  return mountFilesystem.outcome.parse(step ? outcomeOf(step) : null)
}

interface Place {
  readonly name: string
  readonly partition: number | null
  readonly volume: { readonly group: string; readonly name: string } | null
}

/** A file of the whole name is what is meant; else what stands behind its last colons is a logical volume and a partition. */
function ownPlace(argument: string): Place {
  if (existsSync(argument)) return { name: argument, partition: null, volume: null }
  const named = /^(.+):([\w+.][\w+.-]*)\/([\w+.][\w+.-]*)$/su.exec(argument)
  const volume =
    named && existsSync(fileOf(named[1] ?? '')) ? { group: named[2] ?? '', name: named[3] ?? '' } : null
  const rest = volume === null ? argument : (named?.[1] ?? '')
  const found = existsSync(rest) ? null : /^(.+):(\d{1,4})$/su.exec(rest)
  return { name: found?.[1] ?? rest, partition: found ? Number(found[2]) : null, volume }
}

/** Of another host nobody here sees which files there are: what looks like a volume or a partition is one. */
function placeThere(argument: string): Place {
  const named = /^(.+):([\w+.][\w+.-]*)\/([\w+.][\w+.-]*)$/su.exec(argument)
  const volume = named ? { group: named[2] ?? '', name: named[3] ?? '' } : null
  const rest = named?.[1] ?? argument
  const found = /^(.+):(\d{1,4})$/su.exec(rest)
  return { name: found?.[1] ?? rest, partition: found ? Number(found[2]) : null, volume }
}

/** The file of an image that may be named with a partition and a snapshot. */
function fileOf(name: string): string {
  if (existsSync(name)) return name
  const image = name.replace(/:\d{1,4}$/u, '')
  return existsSync(image) ? image : image.replace(/@[^@/]*$/u, '')
}
