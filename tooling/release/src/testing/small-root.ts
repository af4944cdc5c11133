import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findTool, runToolOk } from '@varve/test-kit/tools'

/** A root folder with a shell, the named programs of this machine, their libraries, and nothing else. */
export async function makeSmallRoot(root: string, programs: readonly string[]): Promise<void> {
  const copyIn = async (from: string, to: string) => {
    await mkdir(join(root, dirname(to)), { recursive: true })
    await cp(from, join(root, to), { dereference: true })
  }
  for (const name of ['dash', ...programs]) {
    const path = findTool(name)
    if (path === null) throw new Error(`${name} is not installed`)
    const libraries = (await runToolOk('ldd', [path])).matchAll(/(\/\S+) \(0x/gu)
    for (const [, library = ''] of libraries) await copyIn(library, library)
    await copyIn(path, name === 'dash' ? 'bin/sh' : `usr/bin/${name}`)
  }
  await mkdir(join(root, 'dev'))
  await mkdir(join(root, 'etc'))
  await writeFile(join(root, 'dev/null'), '')
}
