import { createHash } from 'node:crypto'
import { openSync, closeSync, copyFileSync, readFileSync, statSync, writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { FormatName } from '@varve/core/image/format-rules'
import type { WritableFormat } from '@varve/core/formats/writable-formats'
import { requiresPython, runPython } from '@varve/test-kit/python'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { checkFile } from '../src/images/check-file.ts'
import { convertDisk } from '../src/disks/convert-disk.ts'
import { createDisk } from '../src/disks/create-disk.ts'
import { digestDisk } from '../src/disks/digest-disk.ts'
import { inspectFile } from '../src/images/inspect-file.ts'
import { backingOf } from '../src/staging/backing.ts'
import { MiB, image, noise, writeSparse } from './fixtures.ts'

interface Kind {
  readonly format: WritableFormat
  /** Bytes of zeros over data; libvhdi 20210425 takes a whole block of a VHDX that is marked so for its parent's. */
  readonly zeroed: number
  /** The other program that reads it over its parent. */
  readonly by: 'libvhdi' | 'qemu-img' | null
  readonly sector: 4096 | undefined
}

const kinds: readonly Kind[] = [
  { format: 'vhd', sector: undefined, zeroed: 2 * MiB, by: 'libvhdi' },
  { format: 'vhdx', sector: undefined, zeroed: 2 * MiB, by: null },
  { format: 'vhdx', sector: 4096, zeroed: MiB, by: 'libvhdi' },
  { format: 'vmdk', sector: undefined, zeroed: 2 * MiB, by: 'qemu-img' },
  { format: 'vdi', sector: undefined, zeroed: 2 * MiB, by: null },
]

interface Made {
  readonly base: string
  readonly overlay: string
  /** The disk that the overlay is to have. */
  readonly raw: string
  readonly fileSize: number
}

/** A base, and over it a disk with changes of one byte, of many, zeros over data, data over zeros and a changed end. */
async function makeOverlay(place: TempPlace, { format, sector, zeroed }: Kind): Promise<Made> {
  const size = 17 * MiB + (sector ?? 512)
  const [first, raw] = [place.file('first.raw'), place.file('now.raw')]
  writeSparse(first, size, [
    [0, noise(MiB, 1)],
    [6 * MiB - 512, noise(5 * MiB, 2)],
    [size - 700, noise(700, 3)],
  ])
  copyFileSync(first, raw)
  const file = openSync(raw, 'r+')
  const changes: readonly (readonly [number, Buffer])[] = [
    [100, Buffer.of(7)],
    [4 * MiB - 3, noise(6, 8)],
    [6 * MiB + 4096, Buffer.alloc(MiB)],
    [8 * MiB, Buffer.alloc(zeroed)],
    [12 * MiB, noise(2 * MiB, 10)],
    [size - 1, Buffer.of(9)],
  ]
  for (const [at, bytes] of changes) writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
  const [base, overlay] = [place.file(`base.${format}`), place.file(`overlay.${format}`)]
  const shape = {
    format,
    compression: 'none',
    durability: 'cached',
    choices: { logicalSectorSize: sector },
  } as const
  await convertDisk(image(first, 'raw'), { ...shape, path: base }, oneWorker)
  const backing = await backingOf({ target: overlay, format }, below(base))
  const written = await convertDisk(image(raw, 'raw'), { ...shape, path: overlay, backing }, oneWorker)
  return { base, overlay, raw, fileSize: written.fileSize }
}

const oneWorker = { workers: 1, inUse: 'accept' } as const

function below(path: string) {
  return { kind: 'image', path, roots: null, format: null } as const
}

async function digestOf(path: string, format: FormatName | null = null): Promise<string> {
  return (await digestDisk(image(path, format), oneWorker)).digest
}

const readDisk = `
import hashlib, sys, pyvhdi
files = []
for path in sys.argv[1:]:
    one = pyvhdi.file()
    one.open(path)
    files.append(one)
for child, parent in zip(files, files[1:]):
    assert child.get_parent_identifier() == parent.get_identifier()
    child.set_parent(parent)
top = files[0]
print(top.get_parent_filename())
print(hashlib.sha256(top.read(top.get_media_size())).hexdigest())
`

const hasLibvhdi = requiresPython('pyvhdi')
const hasQemu = requires('qemu-img')

/** Another program finds the disk `raw` in the overlay, and the parent by what the overlay says. */
async function isReadBy(by: Kind['by'], { base, overlay, raw }: Made): Promise<void> {
  if (by === 'libvhdi' && hasLibvhdi) {
    const [name, sha256] = (await runPython('pyvhdi', readDisk, [overlay, base])).split('\n')
    expect(name).toContain('base.vhd')
    expect(sha256).toBe(createHash('sha256').update(readFileSync(raw)).digest('hex'))
  }
  if (by === 'qemu-img' && hasQemu) {
    await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', 'vmdk', raw, overlay])
    await runToolOk('qemu-img', ['check', '-f', 'vmdk', overlay])
  }
}

describe.each(kinds)('overlays: %o', (kind) => {
  test('hold what differs and have the disk that was meant; one that holds nothing stands on that', async () => {
    await using place = await tempPlace()
    const made = await makeOverlay(place, kind)
    const { base, overlay, raw, fileSize } = made
    await isReadBy(kind.by, made)
    expect(await digestOf(overlay)).toBe(await digestOf(raw, 'raw'))
    expect(statSync(overlay).size).toBe(fileSize)
    // What is on the medium is little more than what differs: 2 MiB of data and some blocks in part.
    expect(statSync(overlay).blocks * 512).toBeLessThan(8 * MiB)
    const { chain, problems } = await inspectFile(overlay, { roots: null })
    expect(chain.map(({ path }) => path)).toEqual([overlay, base])
    expect(problems.filter(({ severity }) => severity !== 'info')).toEqual([])
    const { report } = await checkFile(overlay, { roots: null, inUse: 'accept' })
    expect([report.totals, report.findings]).toEqual([
      expect.objectContaining({ corruptions: 0, leaks: 0 }),
      [],
    ])

    // One that holds nothing stands on that.
    const { format } = kind
    const top = place.file(`top.${format}`)
    const backing = await backingOf({ target: top, format }, below(overlay))
    const { virtualSize } = backing
    const empty = await createDisk({ path: top, virtualSize, format, backing })
    expect(empty.fileSize).toBeLessThan(8 * MiB)
    expect(await digestOf(top)).toBe(await digestOf(overlay))
    expect((await inspectFile(top, { roots: null })).chain.map(({ path }) => path)).toEqual([
      top,
      overlay,
      place.file(`base.${format}`),
    ])
    expect((await checkFile(top, { roots: null, inUse: 'accept' })).report.findings).toEqual([])
  })
})
