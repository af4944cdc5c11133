import { chmod, link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runToolOk } from '@varve/test-kit/tools'

const mib = 1024 ** 2

/** A folder with files of many kinds, for a filesystem to be made of. */
export async function manyFiles(folder: string): Promise<string> {
  await mkdir(join(folder, 'sub/deep'), { recursive: true })
  await writeFile(join(folder, 'words'), 'some words\n')
  await writeFile(join(folder, `it's "a"\nname`), Buffer.alloc(300_000, 7))
  await writeFile(join(folder, 'sub/secret'), 'x', { mode: 0o600 })
  await chmod(join(folder, 'sub'), 0o751)
  await link(join(folder, 'words'), join(folder, 'sub/deep/twin'))
  await symlink('../nowhere', join(folder, 'sub/link'))
  await truncate(join(folder, 'sub/deep/twin'), 12)
  return folder
}

export interface GuestDisk {
  readonly path: string
  /** MiB. */
  readonly size: number
  /** As `sfdisk` takes it; null: no table. */
  readonly table: string | null
}

/** A raw disk with a partition table, all holes. */
export async function blankDisk({ path, size, table }: GuestDisk): Promise<string> {
  await writeFile(path, '')
  await truncate(path, size * mib)
  if (table !== null)
    await runToolOk('sh', ['-c', 'printf %s "$2" | sfdisk -q --wipe never "$1"', 'sh', path, `${table}\n`])
  return path
}

/** An ext4 of `size` MiB with what is in `from`, at `start` MiB of the disk. */
export async function putExt4(
  path: string,
  { from, start, size }: { readonly from: string; readonly start: number; readonly size: number },
): Promise<void> {
  const offset = start === 0 ? [] : ['-E', `offset=${start * mib}`]
  await runToolOk('mkfs.ext4', ['-q', '-F', '-L', 'guest', '-d', from, ...offset, path, `${size}M`])
}

interface Part {
  /** Bytes. */
  readonly start: number
  readonly size: number | null
}

/** Runs `work` with the device of a part of a raw disk. */
export async function onLoop<T>(
  path: string,
  { start, size }: Part,
  work: (device: string) => Promise<T>,
): Promise<T> {
  const limit = size === null ? [] : ['--sizelimit', String(size)]
  const device = (
    await runToolOk('losetup', ['--find', '--show', '--offset', String(start), ...limit, path])
  ).trim()
  try {
    return await work(device)
  } finally {
    await runToolOk('losetup', ['--detach', device])
  }
}

/** Runs `work` in a filesystem of a device, which no other process sees mounted. */
export async function inMounted(device: string, options: string, work: string): Promise<string> {
  const script = 'mount -o "$2" "$1" /mnt && cd /mnt && eval "$3"'
  return await runToolOk('unshare', [
    '--mount',
    '--pid',
    '--fork',
    '--',
    'sh',
    '-c',
    script,
    'sh',
    device,
    options,
    work,
  ])
}

/** All files of a filesystem as one archive's digest, as tar sees them. */
export async function filesOf(device: string, type = 'auto'): Promise<string> {
  const options = type === 'auto' ? 'ro' : `ro,${type}`
  return await inMounted(
    device,
    options,
    'tar --create --sort=name --xattrs --acls --numeric-owner . | sha256sum',
  )
}
