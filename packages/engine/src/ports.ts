import type { ImagePorts } from '@varve/core/formats/image-files'
import { nodeCodecs } from './codecs/node-codecs.ts'
import { type NodeFilesOptions, nodeFiles } from './files/node-files.ts'

/** What the formats need from a host, by Node. */
export function nodePorts(options: NodeFilesOptions): ImagePorts {
  return { files: nodeFiles(options), codecs: nodeCodecs }
}
