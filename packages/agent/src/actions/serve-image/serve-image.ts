import { DiskError } from '@varve/core/problems/disk-error'
import { clientCommands, nbdUri } from '@varve/engine/serving/nbd-uri'
import { serveImage as serve } from '@varve/engine/serving/serve-image'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { mostServed, servedImages } from './served-images.ts'

/** Serves an image from this process, which goes on with other work. */
export const serveImage = nativeAdapter('serve-image', {
  calls: 'open(2) of the chain for reading, listen(2) at 127.0.0.1, the NBD protocol',

  async run({ image, inUse, serving, port, expiresSeconds }, { ports, signal }) {
    // An attempt that was given up may still listen.
    await servedImages.get(serving)?.[Symbol.asyncDispose]()
    if (servedImages.size >= mostServed)
      throw new DiskError('refused', {
        file: image.path,
        reason: `this host serves ${mostServed} images already`,
        remedy: 'End one of them: varve runs ID --fleet --undo.',
      })
    signal.throwIfAborted()
    const until = new Date(Date.now() + expiresSeconds * 1000).toISOString()
    const served = await serve(imageInput(image, ports), {
      place: { port },
      inUse,
      // It outlives the step that has begun it.
      signal: new AbortController().signal,
      expiresMs: expiresSeconds * 1000,
    })
    servedImages.set(serving, served)
    const gone = () => {
      if (servedImages.get(serving) === served) servedImages.delete(serving)
    }
    served.ended.then(gone, gone)
    const { address, virtualSize } = served
    if ('socket' in address) throw new TypeError('a port was asked for')
    return { serving, virtualSize, ...address, until, uri: nbdUri(address), commands: commandsOf(address) }
  },
})

function commandsOf(address: Parameters<typeof clientCommands>[0]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(clientCommands(address)).map(([name, argv]) => [name, [...argv]]))
}
