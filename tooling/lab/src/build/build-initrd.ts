import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { removeTree } from '@varve/test-kit/build-once'
import { execa } from 'execa'
import { kernelOf } from './build-root.ts'
import { firstModules } from './recipe.ts'

const guest = resolve(import.meta.dirname, 'guest')

/** Makes the initial RAM disk: busybox, and the few modules that find the root disk of `root`. */
export async function buildInitrd(root: string, output: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-initrd-'))
  try {
    for (const name of ['bin', 'lib/modules', 'proc', 'sys', 'dev', 'newroot'])
      await mkdir(join(folder, name), { recursive: true })
    const modules = join(root, 'lib/modules', await kernelOf(root))
    const files = inOrder(await readFile(join(modules, 'modules.dep'), 'utf8'))
    for (const file of files) await copyFile(join(modules, file), join(folder, 'lib/modules', basename(file)))
    await writeFile(join(folder, 'lib/order'), files.map((file) => `${basename(file)}\n`).join(''))
    await copyFile(join(root, 'bin/busybox'), join(folder, 'bin/busybox'))
    await writeFile(join(folder, 'init'), await readFile(join(guest, 'initrd.sh')), { mode: 0o755 })
    await execa({
      shell: true,
      cwd: folder,
      env: { OUTPUT: output },
    })`find . | cpio -o -H newc --quiet | gzip -1 >"$OUTPUT"`
  } finally {
    await removeTree(folder)
  }
}

/** Files of the modules, each after what it needs; `dependencies` is the text of depmod's modules.dep. */
function inOrder(dependencies: string): readonly string[] {
  const needs = new Map(
    dependencies
      .split('\n')
      .filter((line) => line.includes(':'))
      .map((line) => {
        const [file = '', rest = ''] = line.split(':')
        return [basename(file, '.ko'), { file, rest: rest.trim().split(/\s+/u).filter(Boolean) }] as const
      }),
  )
  const files = new Set<string>()
  for (const name of firstModules) {
    const found = needs.get(name)
    if (!found) continue
    for (const file of found.rest.toReversed()) files.add(file)
    files.add(found.file)
  }
  return [...files]
}
