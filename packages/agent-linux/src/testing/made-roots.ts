import { readFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { expect } from 'vitest'

export type Kind = 'ext4' | 'xfs'

const uuids = { ext4: 'a0f5ff7e-0f2f-4f7b-8c1c-0a1b2c3d4e5f', xfs: 'b1f5ff7e-0f2f-4f7b-8c1c-0a1b2c3d4e5f' }

/** Whether this kernel mounts XFS, and its tools are there. */
export async function canUseXfs(): Promise<boolean> {
  if (!(await readFile('/proc/filesystems', 'utf8')).split(/\s+/u).includes('xfs')) {
    process.stderr.write('skipped: this kernel does not mount xfs\n')
    return false
  }
  return requires('mkfs.xfs', 'xfs_db', 'xfs_repair')
}

/** Not as the tools make it by themselves. */
export async function makeRoot(device: string, kind: Kind): Promise<void> {
  const [tool, ...options] =
    kind === 'xfs'
      ? [
          ['mkfs.xfs', '-q', '-m', `uuid=${uuids.xfs},bigtime=0,inobtcount=0,reflink=0`],
          ['-n', 'size=8192', '-i', 'size=1024', '-L', 'its "x"'],
        ].flat()
      : [
          ['mkfs.ext4', '-q', '-U', uuids.ext4, '-L', `it's "a"`, '-b', '2048', '-I', '512', '-m', '1.5'],
          ['-O', '^metadata_csum,uninit_bg,^64bit,large_dir', '-E', 'stride=4'],
        ].flat()
  await runToolOk(tool ?? '', [...options, device])
}

/** Everything that a new one could have otherwise, without what its size decides. */
export async function madeAs(device: string, kind: Kind): Promise<string> {
  const told =
    kind === 'xfs'
      ? await runToolOk('xfs_db', ['-r', '-c', 'sb 0', '-c', 'p', device])
      : await runToolOk('dumpe2fs', ['-h', device])
  const wanted =
    kind === 'xfs'
      ? /^(?:blocksize|uuid|versionnum|sectsize|inodesize|fname|qflags|unit|width|dirblklog|features\w*) /u
      : /^(?:Filesystem (?:UUID|volume name|features|revision #|flags)|Default mount options|Errors behavior|Block size|Inode size|RAID stride):/u
  const lines = told.split('\n').filter((line) => wanted.test(line))
  expect(lines.length).toBeGreaterThan(8)
  return lines.join('\n')
}
