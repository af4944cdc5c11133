import { memorySource, type ByteSource } from '../binary/byte-source.ts'
import type { ImageFiles, ImagePorts } from '../image/image-files.ts'
import { resolveReference } from '../image/resolve-reference.ts'
import { DiskError } from '../problems/disk-error.ts'
import { nodeCodecs, startNodeHash } from './node-files.ts'

export interface MemoryFiles {
  readonly ports: Required<Omit<ImagePorts, 'unpack'>>
  /** Paths that are open now. */
  readonly open: ReadonlySet<string>
}

/** Files that live in memory, by absolute POSIX path; two paths with the same bytes object are hard links of one file. */
export function memoryFiles(files: Readonly<Record<string, Uint8Array | ByteSource>>): MemoryFiles {
  const open = new Set<string>()
  const contents = [...new Set(Object.values(files))]
  const below = (folder: string): string[] => {
    const prefix = folder.endsWith('/') ? folder : `${folder}/`
    return Object.keys(files)
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
  }
  const missing = (file: string) =>
    below(file).length > 0
      ? new DiskError('not-an-image', { file, reason: 'it is a folder' })
      : new DiskError('not-found', { file })
  const port: ImageFiles = {
    async open(path) {
      const content = files[path]
      if (content === undefined) throw missing(path)
      const source = content instanceof Uint8Array ? memorySource(content, path) : content
      const handle = `${path}#${open.size}`
      open.add(handle)
      const inode = String(contents.indexOf(content))
      return {
        path,
        source,
        allocated: source.size,
        fingerprint: { size: source.size, modifiedMs: 0, changedMs: 0, inode },
        async [Symbol.asyncDispose]() {
          open.delete(handle)
        },
      }
    },
    resolve: (from, reference) => resolveReference(reference, { from, rules: 'posix' }),
    list: async (folder) => [...new Set(below(folder).map((path) => path.split('/')[0] ?? ''))],
    place: async () => ({
      filesystem: 'memory',
      mountPoint: '/',
      free: null,
      total: null,
      copyOnWrite: false,
      media: null,
    }),
  }
  return { ports: { files: port, codecs: nodeCodecs, startHash: startNodeHash }, open }
}
