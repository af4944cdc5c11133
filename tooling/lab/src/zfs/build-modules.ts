import { cp, glob, mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { buildsOf, removeTree } from '@varve/test-kit/build-once'
import { aptSources, privateApt } from '@varve/test-kit/private-apt'
import { runToolOk } from '@varve/test-kit/tools'
import { findKernel } from '../build/kernel.ts'

/** Programs that compiling the modules needs, besides those of the lab. */
export const compilers = ['gcc', 'make', 'bc', 'perl', 'strip', 'dpkg-deb'] as const

/** Where the modules of ZFS for the kernel of the lab lie, or are to lie. */
export async function modulesFolder(): Promise<string> {
  const { name, version } = await findKernel()
  return join(buildsOf('lab'), `zfs-${name.replace('linux-image-', '')}-${version}`)
}

/**
 * Compiles the modules of ZFS for the kernel of the lab, from Debian's packages, which are only unpacked; a quarter of an hour on two
 * cores. They are no part of the lab, since most of its tests do without them.
 */
export async function buildModules(say: (words: string) => void): Promise<string> {
  const folder = await modulesFolder()
  if (existsSync(folder)) return folder
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.new-`)
  try {
    const { name } = await findKernel()
    const kernel = name.replace('linux-image-', '')
    say('zfs: its source and the headers of the kernel are fetched')
    const sources = await unpackSources(work, kernel)
    say('zfs: its modules are compiled')
    await compile(sources, kernel)
    const modules = join(work, 'modules')
    await mkdir(modules)
    for await (const file of glob(join(sources, 'usr/src/zfs-*/module/**/*.ko')))
      await cp(file, join(modules, basename(file)))
    await runToolOk('sh', ['-c', 'strip -g "$1"/*.ko', 'sh', modules])
    await rename(modules, folder)
  } finally {
    await removeTree(work)
  }
  return folder
}

async function unpackSources(work: string, kernel: string): Promise<string> {
  const tree = join(work, 'tree')
  await mkdir(tree)
  const apt = await privateApt(work, await aptSources())
  const said = await apt.ask('depends', `linux-headers-${kernel}`)
  const needed = [...said.matchAll(/Depends: (?<name>linux-(?:headers|kbuild)-[\w.+-]+)/gu)].map(
    ({ groups }) => groups?.['name'] ?? '',
  )
  const archives = await apt.download(['zfs-dkms', `linux-headers-${kernel}`, ...needed])
  for await (const file of glob(join(archives, '*.deb'))) await runToolOk('dpkg-deb', ['-x', file, tree])
  return tree
}

async function compile(tree: string, kernel: string): Promise<void> {
  const headers = join(tree, 'usr/src', `linux-headers-${kernel}`)
  const common = join(tree, 'usr/src', `linux-headers-${kernel.replace(/-[^-]+$/u, '')}-common`)
  const makefile = join(headers, 'Makefile')
  await writeFile(makefile, (await readFile(makefile, 'utf8')).replaceAll('/usr/src', join(tree, 'usr/src')))
  for await (const source of glob(join(tree, 'usr/src/zfs-*'))) {
    const configure = ['--with-config=kernel', `--with-linux=${common}`, `--with-linux-obj=${headers}`]
    await runToolOk('sh', ['-c', './configure "$@"', 'sh', ...configure], { cwd: source })
    await runToolOk('make', [`-j${availableParallelism()}`], { cwd: source })
  }
}
