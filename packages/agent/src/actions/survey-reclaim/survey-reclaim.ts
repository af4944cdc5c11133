import { surveyInput } from '@varve/engine/disks/survey-reclaim'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import { gainsOf, type Survey } from '@varve/operations/actions/reclaim-survey'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { holderOfDevice } from '../volume-of-device.ts'

/** Reads the guest's bitmaps and all data of an image. */
export const surveyReclaim = nativeAdapter('survey-reclaim', {
  calls:
    'open(2) of the chain for reading, pread(2) of the bitmaps of its filesystems and of all of its data; of a volume lvm vgs, pvs and lvs, zpool list and zfs list',

  async run({ image }, { ports, signal, onProgress }) {
    const survey = await surveyInput(imageInput(image, ports), {
      reads: true,
      holder: await holderOfDevice(image.path, ports, signal),
      signal,
      onProgress: (done, total) =>
        onProgress({ of: 'tool', progress: { fraction: total === 0 ? 1 : done / total } }),
    })
    return { ...survey, wish: wishOf(image, survey) }
  },
})

/** An image that is read in a way of somebody's own, such as one of its snapshots, is not written anew as a whole. */
function wishOf({ path, format, reading }: ImageAddress, survey: Survey) {
  const isAsItIs =
    format === null && Object.values(reading).every((choice) => choice === undefined || choice === false)
  const isWorth = survey.after !== null && gainsOf(survey).some(({ bytes }) => (bytes ?? 0) > 0)
  return isAsItIs && isWorth ? { operation: 'reclaim', request: { image: path } } : null
}
