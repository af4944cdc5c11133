import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { aptSources } from '@varve/test-kit/private-apt'
import { findTool, runToolOk } from '@varve/test-kit/tools'
import { packages, suite } from './recipe.ts'

const guest = resolve(import.meta.dirname, 'guest')
const left = ['man', 'locale', 'doc'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`)

/**
 * Makes the folder `root` the lab's root filesystem; `folder` takes what is needed for that. The kernel's package is only unpacked: installed, it would make an
 * initial RAM disk of its own, which takes minutes.
 */
export async function buildRoot(
  root: string,
  { folder, kernel }: { readonly folder: string; readonly kernel: string },
): Promise<void> {
  const { name, text } = await aptSources()
  const sources = join(folder, name)
  await writeFile(sources, text)
  // --keep-directory-symlink: /lib is a link, which unpacking would replace by a folder.
  const unpack = [
    'cd /tmp',
    `apt-get download ${kernel}`,
    'dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x --keep-directory-symlink -C /',
    'rm linux-image-*.deb',
    'depmod $(ls /lib/modules)',
  ].join(' && ')
  await runToolOk('mmdebstrap', [
    '--variant=minbase',
    '--mode=root',
    `--include=${packages.join(',')}`,
    '--aptopt=Apt::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    '--dpkgopt=force-unsafe-io',
    ...left,
    `--customize-hook=chroot "$1" sh -c ${quoted(unpack)}`,
    suite,
    root,
    sources,
  ])
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'))
  await copyFile(join(guest, 'init.sh'), join(root, 'sbin/lab-init'))
  await chmod(join(root, 'sbin/lab-init'), 0o755)
  await mkdir(join(root, 'host'), { recursive: true })
}

/** The version of the kernel whose modules lie in `root`. */
export async function kernelOf(root: string): Promise<string> {
  const [version] = await readdir(join(root, 'lib/modules'))
  if (version === undefined) throw new Error(`${root} has no kernel modules`)
  return version
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** True where the lab can be built: the tools are there, and this is root on Debian's Linux. */
export function whyNotBuilt(tools: readonly string[]): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the lab is a machine of x64 Linux'
  const missing = tools.filter((tool) => findTool(tool) === null)
  if (missing.length > 0) return `it needs ${missing.join(', ')}`
  return process.getuid?.() === 0 ? null : 'building it needs root'
}
