import type { ImagePorts } from '@varve/core/image/image-files'
import { nodeCodecs } from '../codecs/node-codecs.ts'
import { lazyUnpacker } from '../packed/lazy-unpacker.ts'
import { type NodeFilesOptions, nodeFiles } from '../files/node-files.ts'

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

export interface NodePortsOptions extends NodeFilesOptions {
  /** `name`: packed images are recognised, but not unpacked, which takes as long as reading all of them. Default: they are. */
  readonly packed?: 'name'
}

/** What the formats need from a host, by Node. */
export function nodePorts(options: NodePortsOptions): ImagePorts {
  const ports = { files: nodeFiles(options), codecs: nodeCodecs, startHash }
  if (options.packed === 'name') return ports
  return { ...ports, unpack: lazyUnpacker(options).unpack }
}
