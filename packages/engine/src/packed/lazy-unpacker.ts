import type { ImagePorts } from '@varve/core/image/image-files'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import type { SharedUnpacked, UnpackerOptions } from './node-unpacker.ts'

export interface Unpacker {
  readonly unpack: NonNullable<ImagePorts['unpack']>
  /** What was unpacked so far, for other threads: good as long as it is open here. */
  readonly opened: readonly SharedUnpacked[]
}

/** Unpacks what is packed; its code is loaded by the first packed image. */
export function lazyUnpacker({ io = 'async', ranges, shared }: Partial<UnpackerOptions>): Unpacker {
  const opened: SharedUnpacked[] = []
  return {
    opened,
    async unpack(content, options) {
      const { unpackOnce } = await import('./node-unpacker.ts')
      const unpacked = await unpackOnce(
        content,
        { io, ranges: ranges ?? hostFileRanges(), shared },
        options?.signal,
      )
      opened.push(unpacked.shared)
      return unpacked.file
    },
  }
}
