import { chmod, copyFile, glob, mkdir, open, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { buildOnce, removeTree } from '@varve/test-kit/build-once'
import { aptSourcesOf, privateApt } from '@varve/test-kit/private-apt'
import { runToolOk } from '@varve/test-kit/tools'
import { onceInRoot, wine } from './enter-root.ts'
import { packages, suite, wineRoot } from './recipe.ts'

/** Has the root of Wine there, with its drive C; built in half a minute, and kept. */
export async function ensureWine(say: (words: string) => void): Promise<string> {
  return await buildOnce(wineRoot(), async (root) => {
    say('wine: its packages are unpacked')
    await makeFolders(root)
    await unpack(root)
    await placeZlib(root)
    say('wine: it starts once, which makes its drive C')
    await runToolOk('unshare', [...onceInRoot, root, wine, 'wineboot', '-i'])
  })
}

async function makeFolders(root: string): Promise<void> {
  await chmod(root, 0o755)
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(join(root, 'usr', name), { recursive: true })
    await symlink(`usr/${name}`, join(root, name))
  }
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'root', 'etc', 'work']) await mkdir(join(root, name))
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  await writeFile(join(root, 'etc/hosts'), `127.0.0.1 localhost ${hostname()}\n`)
}

/** Nothing is installed: what a package would do then, Wine does without. */
async function unpack(root: string): Promise<void> {
  const work = `${root}.apt`
  try {
    const apt = await privateApt(work, await aptSourcesOf(suite))
    const archives = await apt.download(packages)
    const script =
      'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --exclude="./usr/share/doc*" -C "$2"'
    for await (const file of glob(join(archives, '*.deb')))
      await runToolOk('sh', ['-euc', script, 'sh', file, root])
  } finally {
    await removeTree(work)
  }
}

/** Wine loads the zlib of MinGW as one of its own, which only the words after the header of the file tell it. */
async function placeZlib(root: string): Promise<void> {
  const place = join(root, 'usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll')
  await copyFile(join(root, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'), place)
  const file = await open(place, 'r+')
  try {
    await file.write(Buffer.from('Wine builtin DLL'.padEnd(32, '\0')), 0, 32, 64)
  } finally {
    await file.close()
  }
}
