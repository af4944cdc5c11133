import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { findLab } from '../testing/lab-of-tests.ts'
import type { Lab } from '../machine/start-lab.ts'
import { modulesFolder } from './build-modules.ts'

/** In the order in which they need each other; their package's `depmod` would take the lab half a minute. */
const modules = ['spl', 'znvpair', 'zcommon', 'icp', 'zavl', 'zlua', 'zunicode', 'zzstd', 'zfs']

/** The folder of the lab for tests of ZFS, or null with the reason printed: its modules take too long to be made by a test. */
export async function findZfsLab(): Promise<string | null> {
  const lab = await findLab({ isLong: true })
  if (lab === null || existsSync(await modulesFolder())) return lab
  process.stderr.write('skipped: needs the modules of ZFS: node tooling/lab/src/zfs/main.ts makes them\n')
  return null
}

/** Loads ZFS into the kernel of a running lab. */
export async function loadZfs(lab: Lab): Promise<void> {
  await cp(await modulesFolder(), join(lab.share, 'zfs'), { recursive: true })
  await lab.ok(modules.map((name) => `insmod /host/zfs/${name}.ko`).join(' && '))
}
