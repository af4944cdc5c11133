import { existsSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'

/** Whether this host lets tests make loop devices and mount them; why not is printed. */
export function canUseLoop(): boolean {
  const isRoot = process.geteuid?.() === 0
  if (isRoot && existsSync('/dev/loop-control'))
    return requires('losetup', 'partx', 'mount', 'sfdisk', 'mkfs.ext4')
  process.stderr.write(`skipped: needs ${isRoot ? 'loop devices' : 'root'}\n`)
  return false
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
