import { createCipheriv } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { execa } from 'execa'
import { StartError } from './config.ts'

const MiB = 1024 * 1024
const path = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(':')

type Tool = (tool: string, args: readonly string[], input?: string) => Promise<void>

export interface SampleOptions {
  readonly library: string
  readonly signal: AbortSignal
  readonly say: (text: string) => void
}

interface Sample {
  readonly name: string
  readonly title: string
  make(place: { folder: string; library: string; tool: Tool }): Promise<string>
}

/** What north's library holds at first; each is made only when it is not there. */
const samples: readonly Sample[] = [
  { name: 'web01.vmdk', title: 'a GPT disk with ext4 and files, as VMDK', make: makeWebServer },
  { name: 'debian-base.qcow2', title: 'a base image', make: makeBase },
  { name: 'db01.qcow2', title: 'a qcow2 with a backing file', make: makeOverlay },
  { name: 'scratch.raw', title: 'a raw sparse disk', make: makeSparse },
]

/** Fills the library with the samples that are missing; a sample appears complete or not at all. */
export async function makeSamples({ library, signal, say }: SampleOptions): Promise<void> {
  await mkdir(library, { recursive: true })
  const missing = samples.filter(({ name }) => !existsSync(join(library, name)))
  if (missing.length === 0) return
  const folder = await mkdtemp(join(library, '.samples-'))
  const tool: Tool = async (name, args, input) => {
    const stdin = input === undefined ? ({ stdin: 'ignore' } as const) : { input }
    const env = { LC_ALL: 'C', PATH: path }
    const { failed, isCanceled, stderr } = await execa(name, args, {
      cancelSignal: signal,
      reject: false,
      env,
      ...stdin,
    })
    signal.throwIfAborted()
    if (failed && !isCanceled)
      throw new StartError(`${name} could not make a sample image: ${stderr || 'it did not start'}`)
  }
  try {
    for (const sample of missing) {
      signal.throwIfAborted()
      say(`making ${sample.name}: ${sample.title}`)
      const made = await sample.make({ folder, library, tool })
      await rename(made, join(library, sample.name))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Place {
  readonly folder: string
  readonly library: string
  readonly tool: Tool
}

interface DiskLayout {
  readonly size: number
  readonly efi: number
  readonly swap: number
}

/** A raw GPT disk: EFI system, ext4 root with files, swap. */
async function makeGuestDisk(
  { folder, tool }: Place,
  { size, efi, swap }: DiskLayout,
  megabytes: number,
): Promise<string> {
  const disk = join(folder, 'disk.raw')
  await rm(disk, { force: true })
  await writeFile(disk, '')
  await truncate(disk, size)
  const rootStart = MiB + efi
  const rootSize = size - rootStart - swap - MiB
  const table = [
    'label: gpt',
    `start=${MiB / 512}, size=${efi / 512}, type=U, name="EFI system"`,
    `start=${rootStart / 512}, size=${rootSize / 512}, type=L, name="root"`,
    `start=${(rootStart + rootSize) / 512}, size=${swap / 512}, type=S, name="swap"`,
  ]
  await tool('sfdisk', ['--quiet', disk], `${table.join('\n')}\n`)
  const files = join(folder, 'files')
  await writeGuestFiles(files, megabytes)
  const rootOptions = `offset=${rootStart},lazy_itable_init=0,nodiscard`
  await tool('mke2fs', [
    '-q',
    '-t',
    'ext4',
    '-L',
    'root',
    '-d',
    files,
    '-E',
    rootOptions,
    disk,
    `${rootSize / 1024}k`,
  ])
  // A file that the guest has removed: free in the filesystem, still allocated below.
  await tool('debugfs', ['-w', '-R', 'rm /var/cache/old-build.tar', `${disk}?offset=${rootStart}`])
  await writeSwap(folder, disk, { start: rootStart + rootSize, length: swap, tool })
  await rm(files, { recursive: true, force: true })
  return disk
}

async function writeGuestFiles(folder: string, megabytes: number): Promise<void> {
  for (const name of ['etc', 'srv/www', 'var/log', 'var/lib/app', 'var/cache'])
    await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, 'etc/hostname'), 'web01\n')
  await writeFile(join(folder, 'etc/fstab'), 'LABEL=root / ext4 defaults 0 1\n')
  await writeFile(
    join(folder, 'etc/os-release'),
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
  )
  await writeFile(join(folder, 'srv/www/index.html'), '<!doctype html><title>web01</title><p>It works.</p>\n')
  await writeNoise(join(folder, 'var/lib/app/records.db'), megabytes * 0.5 * MiB)
  await writeLog(join(folder, 'var/log/access.log'), megabytes * 0.25 * MiB)
  await writeNoise(join(folder, 'var/cache/old-build.tar'), megabytes * 0.25 * MiB)
}

/** Bytes that do not compress, the same on every run. */
async function writeNoise(file: string, length: number): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16))
  const zeros = Buffer.alloc(MiB)
  const out = createWriteStream(file)
  for (let done = 0; done < length; done += MiB) {
    if (!out.write(cipher.update(zeros))) await once(out, 'drain')
  }
  out.end()
  await finished(out)
}

/** Lines that compress as a log does. */
async function writeLog(file: string, length: number): Promise<void> {
  const out = createWriteStream(file)
  for (let line = 0, done = 0; done < length; line += 1) {
    let block = ''
    for (let i = 0; i < 2000; i += 1) {
      const visit = line * 2000 + i
      block += `10.0.${visit % 251}.${(visit * 7) % 253} - - "GET /orders/${visit} HTTP/1.1" 200 ${(visit * 7919) % 50_000}\n`
    }
    done += block.length
    if (!out.write(block)) await once(out, 'drain')
  }
  out.end()
  await finished(out)
}

async function writeSwap(
  folder: string,
  disk: string,
  { start, length, tool }: { start: number; length: number; tool: Tool },
): Promise<void> {
  const swap = join(folder, 'swap')
  await writeFile(swap, '', { mode: 0o600 })
  await truncate(swap, length)
  await tool('mkswap', ['-L', 'swap', swap])
  const header = Buffer.alloc(4096)
  await using from = await open(swap, 'r')
  await from.read(header, 0, header.length, 0)
  await using to = await open(disk, 'r+')
  await to.write(header, 0, header.length, start)
  await rm(swap)
}

async function makeWebServer(place: Place): Promise<string> {
  const disk = await makeGuestDisk(place, { size: 4096 * MiB, efi: 64 * MiB, swap: 256 * MiB }, 400)
  const made = join(place.folder, 'web01.vmdk')
  await place.tool('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', disk, made])
  return made
}

async function makeBase(place: Place): Promise<string> {
  const disk = await makeGuestDisk(place, { size: 2048 * MiB, efi: 64 * MiB, swap: 128 * MiB }, 120)
  const made = join(place.folder, 'debian-base.qcow2')
  await place.tool('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', disk, made])
  return made
}

async function makeOverlay({ folder, library, tool }: Place): Promise<string> {
  const made = join(folder, 'db01.qcow2')
  const base = join(library, 'debian-base.qcow2')
  await tool('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, made])
  const writes = ['write -q -P 0x6b 1200M 24M', 'write -q -P 0x3c 1500M 8M', 'write -q -z 1600M 4M']
  await tool('qemu-io', ['-f', 'qcow2', ...writes.flatMap((write) => ['-c', write]), made])
  // Both lie in one folder, so that the library can be moved as a whole.
  await tool('qemu-img', ['rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', 'debian-base.qcow2', made])
  return made
}

async function makeSparse({ folder }: Place): Promise<string> {
  const made = join(folder, 'scratch.raw')
  await writeFile(made, '')
  await truncate(made, 8192 * MiB)
  await using file = await open(made, 'r+')
  const block = Buffer.alloc(4 * MiB, 'scratch space ')
  for (let index = 0; index < 6; index += 1) await file.write(block, 0, block.length, index * 1024 * MiB)
  return made
}
