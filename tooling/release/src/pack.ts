import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { buffer } from 'node:stream/consumers'
import { createGzip } from 'node:zlib'
import { controlFile, writeAr } from './deb.ts'
import { maintainerScripts } from './services.ts'
import { writeTar } from './tar.ts'
import type { Target } from './targets.ts'
import { bytesOf, foldersOf, moveTree, sortTree, textFile, type TreeEntry } from './tree.ts'

/** How a release is packed. */
export interface Packing {
  readonly version: string
  readonly seconds: number
  /** Of gzip, 1 to 9. */
  readonly level: number
}

/** Writes `varve-VERSION-TARGET.tar.gz`, all in one folder of that name. */
export async function writeArchive(
  file: string,
  tree: readonly TreeEntry[],
  { seconds, level, prefix }: Packing & { readonly prefix: string },
): Promise<void> {
  const tar = Readable.from(writeTar(tree, { seconds, prefix: `${prefix}/` }), { objectMode: false })
  await pipeline(tar, createGzip({ level }), createWriteStream(file))
}

/** Writes a package for dpkg from the same tree. */
export async function writeDeb(
  file: string,
  tree: readonly TreeEntry[],
  { version, seconds, level, target }: Packing & { readonly target: Target },
): Promise<void> {
  const data = systemTree(tree, 'usr/share/doc/varve/copyright')
  const control = await controlTree(data, { version, target })
  const tarOf = async (entries: readonly TreeEntry[]) => {
    const tar = Readable.from(writeTar(entries, { seconds, prefix: './' }), { objectMode: false })
    return await buffer(tar.pipe(createGzip({ level })))
  }
  const members = [
    { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
    { name: 'control.tar.gz', bytes: await tarOf(control) },
    { name: 'data.tar.gz', bytes: await tarOf(data) },
  ]
  await writeFile(file, writeAr(members, seconds))
}

async function controlTree(
  data: readonly TreeEntry[],
  { version, target }: { readonly version: string; readonly target: Target },
): Promise<TreeEntry[]> {
  let installedBytes = foldersOf(data).length * 1024
  const sums: string[] = []
  for (const entry of sortTree(data)) {
    if (entry.kind === 'link') continue
    const bytes = await bytesOf(entry)
    installedBytes += Math.ceil(bytes.length / 1024) * 1024
    sums.push(`${createHash('md5').update(bytes).digest('hex')}  ${entry.path}\n`)
  }
  return [
    textFile('control', controlFile({ version, cpu: target.cpu, installedBytes })),
    textFile('md5sums', sums.join('')),
    ...(await maintainerScripts()),
  ]
}

/** Where a Linux system has each: all that is Varve's own below `usr/lib/varve`; `licence`: the file that the system looks for. */
export function systemTree(tree: readonly TreeEntry[], licence: string): TreeEntry[] {
  const isOfSystem = ({ path }: TreeEntry) => /^(?:share|lib\/systemd|lib\/sysusers\.d)\//u.test(path)
  const commands = tree.filter(({ path }) => path.startsWith('bin/'))
  return [
    ...moveTree(
      tree.filter((entry) => !isOfSystem(entry)),
      'usr/lib/varve',
    ),
    ...moveTree(tree.filter(isOfSystem), 'usr'),
    ...commands.map(({ path }): TreeEntry => ({
      kind: 'link',
      path: `usr/${path}`,
      to: `../lib/varve/${path}`,
    })),
    { kind: 'link', path: licence, to: '../../../lib/varve/LICENCES/varve.txt' },
  ]
}
