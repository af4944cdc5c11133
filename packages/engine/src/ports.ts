import type { ImagePorts } from '@varve/core/formats/image-files'
import { nodeCodecs } from './codecs/node-codecs.ts'
import { type NodeFilesOptions, nodeFiles } from './files/node-files.ts'

const startHash: NonNullable<ImagePorts['startHash']> = async (algorithm) => {
  const { createHash } = await import('node:crypto')
  const hash = createHash(algorithm)
  return {
    update(bytes) {
      hash.update(bytes)
    },
    hex: () => hash.digest('hex'),
  }
}

/** What the formats need from a host, by Node. */
export function nodePorts(options: NodeFilesOptions): ImagePorts {
  return { files: nodeFiles(options), codecs: nodeCodecs, startHash }
}
