import { memorySource, type ByteSource } from '../binary/byte-source.ts'
import type { ImageFiles, ImagePorts } from '../formats/image-files.ts'
import { resolveReference } from '../formats/resolve-reference.ts'
import { DiskError } from '../problems/disk-error.ts'
import { nodeCodecs } from './node-files.ts'

export interface MemoryFiles {
  readonly ports: ImagePorts
  /** Paths that are open now. */
  readonly open: ReadonlySet<string>
}

/** Files that live in memory, by absolute POSIX path; two paths with the same bytes object are hard links of one file. */
export function memoryFiles(files: Readonly<Record<string, Uint8Array | ByteSource>>): MemoryFiles {
  const open = new Set<string>()
  const contents = [...new Set(Object.values(files))]
  const port: ImageFiles = {
    async open(path) {
      const content = files[path]
      if (content === undefined) throw new DiskError('not-found', { file: path })
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
    list: async (folder) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
    place: async () => ({
      filesystem: 'memory',
      mountPoint: '/',
      free: null,
      total: null,
      copyOnWrite: false,
      media: null,
    }),
  }
  return { ports: { files: port, codecs: nodeCodecs }, open }
}
