import { findExtents } from '../actions/find-extents.ts'
import { findFilesystem } from '../actions/find-filesystem.ts'
import { mapVolume } from '../actions/map-volume.ts'
import { closeLuks, openLuks } from '../actions/open-luks.ts'
import { removeMapping } from '../actions/remove-mapping.ts'
import { shrinkPhysical } from '../actions/shrink-physical.ts'
import { shrinkVolume } from '../actions/shrink-volume.ts'
import { noEstimate, step, type DraftStep } from '../plans/plan.ts'
import { from, type FromStep, type Wired } from '../plans/wired.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import type { Inside } from '../resize/inside.ts'
import { workDeviceOf } from '../resize/steps.ts'
import type { ResizeTarget } from '../resize/targets.ts'

export type Reached = Exclude<Inside, { readonly kind: 'refused' }>

/** What lies between an attached disk and a filesystem on it. */
export interface Layers {
  readonly facts: ResizeFacts
  readonly target: ResizeTarget
  readonly inside: Reached
  /** Behind the ids of the steps that have attached it. */
  readonly mark: string
}

const estimate = { bytes: 0, seconds: 5 }

const openedAs = (mark: string) => from(`open${mark}`, 'mapped')
const mappedAs = (mark: string) => from(`map${mark}`, 'mapped')
const attachmentOf = (mark: string) => from(`reserve${mark}`, 'attachment')

/** The logical volume, by its name; null: there is none. */
export function volumeOf(inside: Reached) {
  if (inside.kind === 'plain' || inside.volume === null) return null
  return { group: inside.volume.group, name: inside.volume.name }
}

/** The device of the filesystem, when what it lies in is open. */
export function filesystemDevice({ target, inside, mark }: Layers): {
  readonly device: FromStep
  readonly partition: number | null
} {
  if (inside.kind === 'plain')
    return { device: workDeviceOf(mark), partition: target.partition?.index ?? null }
  return { device: volumeOf(inside) === null ? openedAs(mark) : mappedAs(mark), partition: null }
}

/** Where the physical volume is: in the partition, or in what is opened of it. */
function physicalAt({ facts, target, inside, mark }: Layers) {
  const partition = target.partition?.index ?? null
  const isLocked = inside.kind === 'luks'
  return {
    image: facts.image.path,
    device: workDeviceOf(mark),
    partition: isLocked ? null : partition,
    over: isLocked ? openedAs(mark) : null,
  }
}

interface Opening {
  readonly isReadOnly: boolean
  /** Whether it is to be seen what is in LUKS. */
  readonly isLooked: boolean
}

/** From the device to the filesystem. */
export function openSteps(layers: Layers, { isReadOnly, isLooked }: Opening): DraftStep[] {
  const { facts, target, inside, mark } = layers
  const { host } = facts
  const device = workDeviceOf(mark)
  const attachment = attachmentOf(mark)
  const volume = volumeOf(inside)
  const at = physicalAt(layers)
  const locked =
    inside.kind === 'luks'
      ? [
          step(openLuks, {
            id: `open${mark}`,
            host,
            input: { attachment, device, partition: target.partition?.index ?? null, isReadOnly },
            estimate,
          }),
          ...(isLooked
            ? [
                step(findFilesystem, {
                  id: `look${mark}`,
                  host,
                  input: {
                    attachment,
                    mapped: openedAs(mark),
                    volume,
                    isWritten: false,
                    isThrowAway: false,
                    isResized: true,
                  },
                  estimate,
                }),
              ]
            : []),
        ]
      : []
  if (volume === null) return locked
  return [
    ...locked,
    step(findExtents, { id: `extents${mark}`, host, input: { ...at, volume }, estimate }),
    step(mapVolume, {
      id: `map${mark}`,
      host,
      input: {
        attachment,
        device,
        over: at.over,
        volume,
        isReadOnly,
        pieces: from(`extents${mark}`, 'pieces'),
      },
      estimate,
    }),
  ]
}

interface GroupSizes {
  /** Bytes of the filesystem, and of the physical volume. */
  readonly filesystem: Wired<number>
  readonly physical: Wired<number>
}

/** The volume, and then the physical one; nothing has them open. */
export function groupSteps(layers: Layers, { filesystem, physical }: GroupSizes): DraftStep[] {
  const { host } = layers.facts
  const volume = volumeOf(layers.inside)
  if (volume === null) return []
  const at = { ...physicalAt(layers), volume }
  return [
    step(shrinkVolume, {
      id: 'volume',
      host,
      input: { ...at, size: filesystem, physical },
      needs: ['the filesystem ends before'],
      estimate: noEstimate,
    }),
    step(shrinkPhysical, { id: 'physical', host, input: { ...at, size: physical }, estimate }),
  ]
}

export function unmapSteps({ facts: { host }, inside, mark }: Layers): DraftStep[] {
  if (volumeOf(inside) === null) return []
  const input = { attachment: attachmentOf(mark), mapped: mappedAs(mark) }
  return [step(removeMapping, { id: `unmap${mark}`, host, input, estimate })]
}

export function closeSteps({ facts: { host }, inside, mark }: Layers): DraftStep[] {
  if (inside.kind !== 'luks') return []
  const input = { attachment: attachmentOf(mark), mapped: openedAs(mark) }
  return [step(closeLuks, { id: `close${mark}`, host, input, estimate })]
}
