import { createRequire } from 'node:module'
import { join, relative, resolve, sep } from 'node:path'
import type { Plugin } from 'rolldown'

const engine = resolve(import.meta.dirname, '../../../packages/engine')
const koffiLoader = join(engine, 'src/file-ranges/load-koffi.ts')
const hashing = '@napi-rs/blake-hash'

/**
 * Loads the native code of koffi and of the hashing straight from its file. Their own loaders look for it in many places,
 * which takes each thread longer than hashing 50 MiB; the bundle is made on the machine that runs it, where it has been found.
 * `folder`: where the code will lie that loads it.
 */
export function nativeCode(folder: string): Plugin {
  const requireFor = (name: string) => {
    const path = relative(folder, nativeFileOf(name)).replaceAll(sep, '/')
    return `import { createRequire } from 'node:module'
const load = () => createRequire(import.meta.url)(${JSON.stringify(path)})
`
  }
  return {
    name: 'native-code',
    resolveId: (source) => (source === hashing ? `\0${hashing}` : null),
    load(id) {
      if (id === `\0${hashing}`) {
        return `${requireFor(hashing)}export const { Blake3Hasher, blake3 } = load()\n`
      }
      if (id === koffiLoader) return `${requireFor('koffi')}export const loadKoffi = load\n`
      return null
    },
  }
}

/** The files of native code that the bundle names: it is of no use when one of them is not what it was. */
export function nativeFiles(): string[] {
  return [hashing, 'koffi'].map(nativeFileOf)
}

/** The file of native code that the package loads on this machine. */
function nativeFileOf(name: string): string {
  const require = createRequire(join(engine, 'package.json'))
  require(name)
  const folder = name.split('/').at(-1) ?? name
  const found = Object.keys(require.cache).find((path) => path.endsWith('.node') && path.includes(folder))
  if (found === undefined) throw new Error(`${name} loaded no native code`)
  return found
}
