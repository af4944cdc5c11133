import { nativeAdapter } from '../native.ts'
import { servedImages } from '../serve-image/served-images.ts'

/** Ends what this process serves under a name; what another process served went with it. */
export const stopServing = nativeAdapter('stop-serving', {
  calls: 'close(2) of the port and of its connections',

  async run({ serving }) {
    const served = servedImages.get(serving)
    await served?.[Symbol.asyncDispose]()
    return { wasServed: served !== undefined }
  },
})
