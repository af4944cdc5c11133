import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'

/** Whether this host lets tests make loop devices and mount them; why not is printed. */
export function canUseLoop(): boolean {
  const isRoot = process.geteuid?.() === 0
  if (isRoot && existsSync('/dev/loop-control')) {
    const areThere = requires('losetup', 'partx', 'mount', 'sfdisk', 'mkfs.ext4')
    if (areThere) makeMore()
    return areThere
  }
  process.stderr.write(`skipped: needs ${isRoot ? 'loop devices' : 'root'}\n`)
  return false
}

const manyEnough = 64

/**
 * Of few devices, test files beside each other, each with a registry of its own, would take the same one between its choice and its
 * attachment. The kernel makes one where it is asked for, and keeps it.
 */
function makeMore(): void {
  if (!/ \/dev devtmpfs /u.test(readFileSync('/proc/self/mounts', 'utf8'))) return
  for (let number = 0; number < manyEnough; number += 1) {
    if (existsSync(`/sys/block/loop${number}`)) continue
    const device = `/dev/loop${number}`
    const attach = spawnSync('losetup', ['--read-only', device, import.meta.filename])
    if (attach.status === 0) spawnSync('losetup', ['--detach', device])
  }
}

/** The loop devices that the file is behind. */
export async function loopsOf(path: string): Promise<readonly string[]> {
  const said = await runToolOk('losetup', ['--json', '--list', '-O', 'NAME,BACK-FILE'])
  if (said.trim() === '') return []
  const { loopdevices } = JSON.parse(said) as { loopdevices: { name: string; 'back-file': string }[] }
  return loopdevices.filter((one) => one['back-file'] === path).map(({ name }) => name)
}

/** A raw disk with one partition of ext4 that has a folder and a file in it. */
export async function partitionedDisk(path: string, from: string): Promise<void> {
  const start = 1024 ** 2
  await writeFile(path, '')
  await truncate(path, 16 * 1024 ** 2)
  await runToolOk('mkfs.ext4', ['-q', '-F', '-d', from, '-E', `offset=${start}`, path, '14M'])
  const script = 'printf "label: gpt\\nstart=2048, size=28672\\n" | sfdisk -q --wipe never "$1"'
  await runToolOk('sh', ['-c', script, 'sh', path])
}
