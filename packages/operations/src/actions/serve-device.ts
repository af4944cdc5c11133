import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { DevicePath } from './attached-device.ts'
import { InUse } from './digest-image.ts'
import { endServing } from './end-serving.ts'
import { ImageAddress } from './image-address.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Starts a process that serves the disk of an image to the kernel, and that outlives the command and the agent. */
export const serveDevice = defineAction({
  name: 'serve-device',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      attachment: StagingId,
      image: ImageAddress,
      device: DevicePath,
      /** Absolute. */
      socket: Path,
      inUse: InUse,
      isThrowAway: z.boolean(),
    }),
  ),
  outcome: z.lazy(() => z.object({ socket: Path, pid: z.number().int() })),
  words: ({ image, isThrowAway }) => ({
    title: 'Serve it',
    does: `Starts a process that serves the disk of ${baseName(image.path)} with its chain at a socket of this user; the image is only read.${
      isThrowAway ? ' Writes go to a sparse file without a name, and are thrown away when it ends.' : ''
    }`,
  }),
  told: ({ pid }) => `process ${pid}`,
  undo: ({ attachment }) => [call(endServing, { attachment })],
})
