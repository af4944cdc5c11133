import { createRequire } from 'node:module'
import { join, relative, resolve, sep } from 'node:path'
import type { Plugin } from 'rolldown'

const engine = resolve(import.meta.dirname, '../../../packages/engine')
const koffiLoader = join(engine, 'src/file-ranges/require-koffi.ts')
const hashing = '@napi-rs/blake-hash'

/** Files of native code, as the code of the bundle names them; null: the package finds its own way. */
export interface NativePaths {
  readonly hashing: string | null
  readonly koffi: string | null
}

/** The files that were found on this machine, seen from `folder`, where the code will lie that loads them. */
export function nativePathsFrom(folder: string): NativePaths {
  const pathOf = (name: string) => {
    const file = nativeFileOf(name)
    return file === null ? null : relative(folder, file).replaceAll(sep, '/')
  }
  return { hashing: pathOf(hashing), koffi: pathOf('koffi') }
}

/**
 * Loads the native code of koffi and of the hashing straight from its file. Their own loaders look for it in many places,
 * which takes each thread longer than hashing 50 MiB.
 */
export function nativeCode({ hashing: hashingFile, koffi: koffiFile }: NativePaths): Plugin {
  const requireFor = (path: string) => `import { createRequire } from 'node:module'
const load = () => createRequire(import.meta.url)(${JSON.stringify(path)})
`
  return {
    name: 'native-code',
    resolveId(source) {
      if (source !== hashing) return null
      return hashingFile === null ? { id: hashing, external: true } : `\0${hashing}`
    },
    load(id) {
      if (id === `\0${hashing}` && hashingFile !== null) {
        return `${requireFor(hashingFile)}export const { Blake3Hasher, blake3 } = load()\n`
      }
      if (id === koffiLoader && koffiFile !== null) {
        return `${requireFor(koffiFile)}export const requireKoffi = load\n`
      }
      return null
    },
  }
}

/** The files of native code that the bundle names: it is of no use when one of them is not what it was. */
export function nativeFiles(): string[] {
  return [hashing, 'koffi'].map(nativeFileOf).filter((file) => file !== null)
}

/** The file of native code that the package loads on this machine; null when it has none for it: then it finds its own way. */
function nativeFileOf(name: string): string | null {
  const require = createRequire(join(engine, 'package.json'))
  const packageName = name.split('/').at(-1) ?? name
  try {
    require(name)
  } catch {
    return null
  }
  const isIts = (path: string) => path.slice(path.lastIndexOf('node_modules')).includes(packageName)
  return Object.keys(require.cache).find((path) => path.endsWith('.node') && isIts(path)) ?? null
}
