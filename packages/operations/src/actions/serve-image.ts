import { formatSeconds } from '@varve/protocol/migration-words'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { InUse } from './digest-image.ts'
import { ImageAddress } from './image-address.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'
import { stopServing } from './stop-serving.ts'

/** Seconds that an agent serves an image at most: who asked for it may be gone. */
export const longestServing = 7 * 24 * 3600

/** What is asked for. */
export const ServeRequest = z.lazy(() =>
  z.object({
    image: ImageAddress,
    inUse: InUse,
    /** 0: any free one. */
    port: z.number().int().min(0).max(65_535).default(0),
    expiresSeconds: z.number().int().min(1).max(longestServing),
  }),
)

/** Serves the disk of an image read-only over NBD at a port of its host alone, and ends by itself. */
export const serveImage = defineAction({
  name: 'serve-image',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    ServeRequest.unwrap().extend({
      /** Names it, so that it can be ended. */
      serving: StagingId,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      serving: StagingId,
      virtualSize: Bytes,
      host: z.string(),
      port: z.number().int().min(1).max(65_535),
      until: z.iso.datetime(),
      /** Its address as a URI; runs of before have none. */
      uri: z.string().nullable().default(null),
      /** How the usual programs of that host open it, as argument vectors, by their names. */
      commands: z.record(z.string(), z.array(z.string())).default({}),
    }),
  ),
  words: ({ image, expiresSeconds }) => ({
    title: 'Serve it',
    does: `Serves the disk of ${baseName(image.path)} with its chain over NBD, read-only, at a port of this host alone (127.0.0.1), for ${formatSeconds(expiresSeconds)} at most; the image is not changed.`,
  }),
  told: ({ host, port, until }) => `nbd://${host}:${port}/ until ${until}`,
  undo: ({ serving }) => [call(stopServing, { serving })],
})
