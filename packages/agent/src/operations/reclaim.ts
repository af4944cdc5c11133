import { randomHex } from '@varve/core/binary/random-hex'
import { volumeDevice } from '@varve/core/image/volume-address'
import type { VolumeHolder } from '@varve/core/layers/volume-holder'
import { surveyInput } from '@varve/engine/disks/survey-reclaim'
import type { Survey } from '@varve/operations/actions/reclaim-survey'
import { stagedDevice } from '@varve/operations/actions/volume-name'
import type { ReclaimFacts } from '@varve/operations/reclaim/facts'
import { reclaimOperation } from '@varve/operations/reclaim/plan'
import { holderOf } from '@varve/operations/volumes/holder'
import { imageInput } from '../actions/image-input.ts'
import { isBlockDevice } from '../actions/volume-of-device.ts'
import { gatherChange } from './chain-change.ts'
import { problemCollector } from './copy-facts.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { gatherInPlace } from './in-place.ts'
import { gatherVolume, gatherVolumeChange, takesDiscards } from './resized-volume.ts'

export const reclaimHere = defineLocalOperation(reclaimOperation, async (request, context) => {
  const { image, zerosOnly, inPlace } = request
  if (!inPlace && (await isBlockDevice(image))) return await gatherVolumeReclaim(image, zerosOnly, context)
  const facts = await gatherChange(image, context)
  const { problems, collect } = problemCollector()
  const isReadable = facts.problems.length === 0
  const survey = isReadable
    ? await collect(async () => surveyOf({ path: image, zerosOnly, holder: null }, context))
    : null
  return {
    ...facts,
    problems: [...facts.problems, ...problems],
    survey,
    volume: null,
    ...(inPlace && { inPlace: await gatherInPlace(facts.image.path, context) }),
  }
})

const noPool = {
  reason:
    'it is a block device and no volume of LVM or ZFS that could be read: no pool would get anything back, and blkdiscard reaches the disk below at most',
  remedy:
    'Name a thin volume or one of ZFS as varve places does (as root); of a disk that takes discards, run fstrim in what mounts it, or copy what is on it into a file: varve convert.',
}

async function gatherVolumeReclaim(
  device: string,
  zerosOnly: boolean,
  context: FactsContext,
): Promise<ReclaimFacts> {
  const found = await gatherVolume(device, problemCollector(), context, noPool)
  const staging = randomHex(6)
  const path = volumeDevice(found.address)
  const volume = {
    ...found,
    takesDiscards: await takesDiscards(path),
    work: { path: stagedDevice({ volume: found.address, staging }), staging },
  }
  const facts = await gatherVolumeChange(volume, context)
  const holder = found.places && holderOf(found.address, found.places)
  const isReadable = facts.problems.length === 0 && holder !== null && holder.kind !== 'fixed'
  const { problems, collect } = problemCollector()
  const survey = isReadable ? await collect(async () => surveyOf({ path, zerosOnly, holder }, context)) : null
  return { ...facts, problems: [...facts.problems, ...problems], survey, volume }
}

interface Surveyed {
  readonly path: string
  readonly zerosOnly: boolean
  readonly holder: VolumeHolder | null
}

/** From tables and bitmaps alone: what the data hold is not read for a plan. */
async function surveyOf(
  { path, zerosOnly, holder }: Surveyed,
  { ports, signal }: FactsContext,
): Promise<Survey> {
  const input = imageInput({ path, format: null, reading: {} }, ports)
  return await surveyInput(input, { reads: false, zerosOnly, holder, signal })
}
