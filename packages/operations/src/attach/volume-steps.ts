import { mapVolume } from '../actions/map-volume.ts'
import { step, type DraftStep } from '../plans/plan.ts'
import { from } from '../plans/wired.ts'
import type { AttachFacts, VolumeThere } from './facts.ts'
import { mapperProblems } from './problems.ts'
import type { Wanted } from './ways.ts'

/** A device for each logical volume of the guest that can have one. */
export function volumeSteps(facts: AttachFacts, wanted: Wanted): DraftStep[] {
  if (mapperProblems(facts, ['dmsetup']).length > 0) return []
  return facts.volumes
    .filter(({ pieces }) => pieces !== null)
    .map((volume, at) =>
      volumeStep(volume, { id: `volume-${at + 1}`, host: facts.host, wanted, ...reserved }),
    )
}

const reserved = { attachment: from('reserve', 'attachment'), device: from('reserve', 'device') }

interface Mapping {
  readonly id: string
  readonly host: string
  readonly wanted: Wanted
  readonly attachment: string | ReturnType<typeof from>
  readonly device: string | ReturnType<typeof from>
}

/** The step that makes the device of a logical volume of an attached device. */
export function volumeStep(
  { group, name, pieces }: VolumeThere,
  { id, host, wanted, attachment, device }: Mapping,
): DraftStep {
  return step(mapVolume, {
    id,
    host,
    input: {
      attachment,
      device,
      over: null,
      volume: { group, name },
      isReadOnly: !wanted.isWritten && !wanted.isThrowAway,
      pieces: [...(pieces ?? [])],
    },
    estimate: { bytes: 0, seconds: 1 },
  })
}
