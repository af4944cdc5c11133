import { findFilesystem } from '../actions/find-filesystem.ts'
import { mapVolume } from '../actions/map-volume.ts'
import { closeLuks, openLuks } from '../actions/open-luks.ts'
import type { FilesystemPlace } from '../actions/filesystem-place.ts'
import { removeMapping } from '../actions/remove-mapping.ts'
import { resizeVolume } from '../actions/resize-volume.ts'
import { step, type DraftStep } from '../plans/plan.ts'
import { from, type FromStep, type Wired } from '../plans/wired.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { workDevice } from '../resize/steps.ts'

const attachment = from('reserve', 'attachment')
const estimate = { bytes: 0, seconds: 5 }

interface Logical {
  /** That is the physical volume; null: the whole disk. */
  readonly partition: number | null
  /** The mapping that is the physical volume instead. */
  readonly over?: FromStep
  readonly volume: { readonly group: string; readonly name: string }
}

interface Mapped {
  readonly open: readonly DraftStep[]
  readonly mapped: FromStep
  readonly close: readonly DraftStep[]
}

/** Gives a logical volume the room of its physical one, and makes a device of it. */
export function logicalSteps(
  { host, image }: ResizeFacts,
  { partition, over, volume: { group, name } }: Logical,
): Mapped {
  const volume = { group, name }
  const device = workDevice
  const mapped = from('map', 'mapped')
  return {
    open: [
      step(resizeVolume, {
        id: 'volume',
        host,
        input: { image: image.path, device, partition, over: over ?? null, volume },
        estimate,
      }),
      step(mapVolume, {
        id: 'map',
        host,
        input: {
          attachment,
          device,
          over: over ?? null,
          volume,
          isReadOnly: false,
          pieces: from('volume', 'pieces'),
        },
        estimate,
      }),
    ],
    mapped,
    close: [step(removeMapping, { id: 'unmap', host, input: { attachment, mapped }, estimate })],
  }
}

interface Locked {
  readonly partition: number | null
  readonly volume: Logical['volume'] | null
}

/** Opens LUKS, which then has all of its partition, and finds what is in it: what is not clean ends the run. */
export function luksSteps(
  facts: ResizeFacts,
  { partition, volume }: Locked,
): Mapped & { readonly place: Wired<FilesystemPlace> } {
  const { host, image } = facts
  const opened = from('open', 'mapped')
  const logical = volume === null ? null : logicalSteps(facts, { partition: null, over: opened, volume })
  const mapped = logical?.mapped ?? opened
  return {
    open: [
      step(openLuks, {
        id: 'open',
        host,
        input: { attachment, device: workDevice, partition, isReadOnly: false },
        estimate,
      }),
      step(findFilesystem, {
        id: 'look',
        host,
        input: {
          attachment,
          mapped: opened,
          volume: volume && { group: volume.group, name: volume.name },
          isWritten: false,
          isThrowAway: false,
          isResized: true,
        },
        estimate,
      }),
      ...(logical?.open ?? []),
    ],
    mapped,
    place: { image: image.path, device: mapped, partition: null, type: from('look', 'kind') },
    close: [
      ...(logical?.close ?? []),
      step(closeLuks, { id: 'close', host, input: { attachment, mapped: opened }, estimate }),
    ],
  }
}
