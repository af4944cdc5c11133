import { cp, glob, mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { runToolOk } from '@varve/test-kit/tools'
import { aptSources, removeTree } from '../build/build-root.ts'
import { findKernel } from '../build/kernel.ts'
import { cacheFolder } from '../build/recipe.ts'

/** Programs that compiling the modules needs, besides those of the lab. */
export const compilers = ['gcc', 'make', 'bc', 'perl', 'strip', 'dpkg-deb'] as const

/** Where the modules of ZFS for the kernel of the lab lie, or are to lie. */
export async function modulesFolder(): Promise<string> {
  const { name, version } = await findKernel()
  return join(cacheFolder(), `zfs-${name.replace('linux-image-', '')}-${version}`)
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

/** apt is given lists and packages of its own below `work`: what this machine knows and has stays as it is. */
async function unpackSources(work: string, kernel: string): Promise<string> {
  const [parts, lists, archives, tree] = [
    join(work, 'parts'),
    join(work, 'lists'),
    join(work, 'debs'),
    join(work, 'tree'),
  ]
  for (const path of [parts, lists, archives, tree]) await mkdir(path)
  const { name, text } = await aptSources()
  await writeFile(join(parts, name), text)
  const apt = [
    ['Dir::Etc::SourceList', '/dev/null'],
    ['Dir::Etc::SourceParts', parts],
    ['Dir::State::Lists', lists],
    ['APT::Sandbox::User', 'root'],
  ].map(([key, value]) => `-o${key}=${value}`)
  await runToolOk('apt-get', [...apt, '-qq', 'update'])
  const said = await runToolOk('apt-cache', [...apt, 'depends', `linux-headers-${kernel}`])
  const needed = [...said.matchAll(/Depends: (?<name>linux-(?:headers|kbuild)-[\w.+-]+)/gu)].map(
    ({ groups }) => groups?.['name'] ?? '',
  )
  const packages = ['zfs-dkms', `linux-headers-${kernel}`, ...needed]
  await runToolOk('apt-get', [...apt, '-qq', 'download', ...packages], { cwd: archives })
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
