import { createHash, randomFillSync } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf, varve } from './varve-command.ts'

const mib = 1024 ** 2

export interface Source {
  readonly path: string
  readonly name: string
  /** Of what the guest sees. */
  readonly digest: string
  /** SHA-256 of each of its files. */
  readonly files: ReadonlyMap<string, string>
}

const kinds: readonly (readonly [name: string, ...args: readonly string[]])[] = [
  ['disk.qcow2', '--compress', 'zlib'],
  ['disk.vmdk'],
  ['split.vmdk', '--subformat', 'twoGbMaxExtentSparse'],
  ['disk.vhdx'],
  ['disk.vhd'],
  ['disk.vdi'],
]

/** One disk of data, zeros and holes, as an image of each kind. */
export async function makeSources(folder: string): Promise<readonly Source[]> {
  const bytes = Buffer.alloc(96 * mib)
  for (const [start, end] of [
    [0, 20],
    [32, 41],
    [60, 90],
  ] as const)
    randomFillSync(bytes, start * mib, (end - start) * mib)
  writePartitionTable(bytes)
  const raw = join(folder, 'disk.raw')
  await writeFile(raw, bytes)
  for (const [name, ...args] of kinds) {
    const { code, stderr } = await varve(['convert', raw, join(folder, name), ...args]).ended
    if (code !== 0) throw new Error(`${name} was not made: ${stderr}`)
  }
  const all: Source[] = []
  for (const name of ['disk.raw', ...kinds.map(([kind]) => kind)]) {
    const path = join(folder, name)
    all.push({ path, name, digest: await digestOf(path), files: await hashesOf(folder, name) })
  }
  return all
}

/** One Linux partition from 1 MiB to the end, so that the disk is known for one. */
function writePartitionTable(bytes: Buffer): void {
  const [first, sectors] = [2048, bytes.length / 512]
  bytes.fill(0, 0, 512)
  bytes[446 + 4] = 0x83
  bytes.writeUInt32LE(first, 446 + 8)
  bytes.writeUInt32LE(sectors - first, 446 + 12)
  bytes.writeUInt16BE(0x55aa, 510)
}

/** What is wrong with the source now; null: it is as it was. */
export async function sourceFault({ path, name, files }: Source): Promise<string | null> {
  const now = await hashesOf(join(path, '..'), name)
  for (const [file, hash] of files) if (now.get(file) !== hash) return `the source ${file} changed`
  return null
}

async function hashesOf(folder: string, name: string): Promise<Map<string, string>> {
  const stem = name.replace(/\.[^.]*$/u, '')
  const hashes = new Map<string, string>()
  for (const file of await readdir(folder)) {
    const isOwn = file === name || (name === 'split.vmdk' && file.startsWith(`${stem}-`))
    if (!isOwn || !(await stat(join(folder, file))).isFile()) continue
    hashes.set(
      file,
      createHash('sha256')
        .update(await readFile(join(folder, file)))
        .digest('hex'),
    )
  }
  return hashes
}
