import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
import type { FileIdentity, OpenWriters, Writer } from '@varve/agent/platform/platform'

/** Processes looked at at once. */
const processesAtOnce = 4
/** O_WRONLY and O_RDWR of open(2). */
const writingModes = 0b11

/**
 * Who writes to which file, from `/proc/<pid>/fd` and `/sys/block/loop*`. Without root only processes of the same user
 * are seen. Files are told apart by device and inode, so that containers with other names for them are seen too.
 */
export async function findOpenWriters(proc = '/proc', sys = '/sys'): Promise<OpenWriters> {
  const writers = new Map<string, Writer[]>()
  const add = (file: FileIdentity, writer: Writer): void => {
    const known = writers.get(keyOf(file)) ?? []
    if (!known.some(({ pid, command }) => pid === writer.pid && command === writer.command)) {
      writers.set(keyOf(file), [...known, writer])
    }
  }
  const pids = (await list(proc)).filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)
  const waiting = pids.values()
  await Promise.all(
    Array.from({ length: processesAtOnce }, async () => {
      for (const pid of waiting) await lookAtProcess(join(proc, pid), Number(pid), add)
    }),
  )
  await lookAtLoops(sys, add)
  return { of: (file) => writers.get(keyOf(file)) ?? [] }
}

type Add = (file: FileIdentity, writer: Writer) => void

async function lookAtProcess(folder: string, pid: number, add: Add): Promise<void> {
  let command: string | null = null
  for (const descriptor of await list(join(folder, 'fd'))) {
    const stats = await regularFile(join(folder, 'fd', descriptor))
    if (!stats || !(await isOpenForWriting(join(folder, 'fdinfo', descriptor)))) continue
    command ??= await commandOf(folder)
    add(stats, { pid, command })
  }
}

/** Most descriptors are sockets and pipes, which the link's text tells without another question to the kernel. */
async function regularFile(link: string): Promise<BigIntStats | null> {
  const target = await readlink(link).catch(() => '')
  if (!target.startsWith('/') || target.startsWith('/dev/')) return null
  const stats = await stat(link, { bigint: true }).catch(() => null)
  return stats?.isFile() === true ? stats : null
}

async function isOpenForWriting(path: string): Promise<boolean> {
  const text = await readFile(path, 'latin1').catch(() => '')
  return opensForWriting(text)
}

/** What `/proc/<pid>/fdinfo/<fd>` says in its line `flags:`, which is octal. */
export function opensForWriting(fdinfo: string): boolean {
  const flags = /^flags:\s*([0-7]+)/mu.exec(fdinfo)?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & writingModes) !== 0
}

async function commandOf(folder: string): Promise<string> {
  const name = await readFile(join(folder, 'comm'), 'utf8').catch(() => 'a process')
  return name.trim().slice(0, 64)
}

/** The kernel itself writes to the files behind loop devices. */
async function lookAtLoops(sys: string, add: Add): Promise<void> {
  const folder = join(sys, 'block')
  for (const name of await list(folder)) {
    if (!name.startsWith('loop')) continue
    const file = (await readFile(join(folder, name, 'loop/backing_file'), 'utf8').catch(() => '')).replace(
      /\n$/u,
      '',
    )
    const readOnly = await readFile(join(folder, name, 'ro'), 'utf8').catch(() => '')
    if (file === '' || readOnly.trim() === '1') continue
    const stats = await stat(file, { bigint: true }).catch(() => null)
    if (stats) add(stats, { pid: 0, command: `the loop device /dev/${name}` })
  }
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

function keyOf({ dev, ino }: FileIdentity): string {
  return `${dev}:${ino}`
}
