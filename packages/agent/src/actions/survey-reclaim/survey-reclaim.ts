import { surveyInput } from '@varve/engine/disks/survey-reclaim'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'

/** Reads the guest's bitmaps and all data of an image. */
export const surveyReclaim = nativeAdapter('survey-reclaim', {
  calls:
    'open(2) of the chain for reading, pread(2) of the bitmaps of its filesystems and of all of its data',

  async run({ image }, { ports, signal, onProgress }) {
    return await surveyInput(imageInput(image, ports), {
      reads: true,
      signal,
      onProgress: (done, total) =>
        onProgress({ of: 'tool', progress: { fraction: total === 0 ? 1 : done / total } }),
    })
  },
})
