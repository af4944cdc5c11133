import { readFile } from 'node:fs/promises'
import { formatRules } from '@varve/core/image/format-rules'
import { openChain } from '@varve/core/chain/open-chain'
import { rulesOf, writableFormats, type WritableFormat } from '@varve/core/formats/writable-formats'
import type { WriteChoices } from '@varve/core/image/image-choices'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { convertDisk } from '../src/disks/convert-disk.ts'
import { nodePorts } from '../src/ports/ports.ts'
import { digestDisk } from '../src/disks/digest-disk.ts'
import type { DiskOutput } from '../src/run/requests.ts'
import { MiB, image, noise, prose, writeSparse } from './fixtures.ts'

/** Images that QEMU makes: a name, its driver and its options. The first is converted to every kind, the others to each format. */
const sources = [
  ['raw', 'raw', []],
  ['qcow2', 'qcow2', []],
  ['qcow2 zstd', 'qcow2', ['-c', '-o', 'compression_type=zstd']],
  ['VMDK sparse', 'vmdk', ['-o', 'subformat=monolithicSparse']],
  ['VMDK stream', 'vmdk', ['-o', 'subformat=streamOptimized']],
  ['VHD dynamic', 'vpc', ['-o', 'force_size=on']],
  ['VHD fixed', 'vpc', ['-o', 'subformat=fixed,force_size=on']],
  ['VHDX', 'vhdx', []],
  ['VDI', 'vdi', []],
  ['Parallels', 'parallels', []],
] as const

interface Target {
  readonly name: string
  readonly format: WritableFormat
  readonly compression: DiskOutput['compression']
  readonly subformat?: string
  readonly choices?: WriteChoices
}

/** Every kind of every format that is written; the usual kind of each format comes first. */
const kinds = writableFormats.flatMap((format): readonly Target[] => {
  const { subformats, compressions, options = {} } = rulesOf(format)
  const plain = { format, compression: 'none' } as const
  const usual = subformats.map((subformat) => ({ ...plain, name: `${format} ${subformat}`, subformat }))
  const packed = compressions.map((compression) => ({
    format,
    name: `${format} ${compression}`,
    compression,
  }))
  const chosen: Target[] = []
  if (options.extended_l2)
    chosen.push({ ...plain, name: `${format} extended L2`, choices: { extendedL2: true } })
  if (options.preallocation)
    chosen.push({ ...plain, name: `${format} preallocated`, choices: { preallocation: 'falloc' } })
  return [...(usual.length > 0 ? usual : [{ ...plain, name: format }]), ...packed, ...chosen]
})

const usualKinds = kinds.filter(
  ({ format }, index) => kinds.findIndex((kind) => kind.format === format) === index,
)

const size = 24 * MiB
/** What `qemu-img check` says of a format that it cannot check. */
const notChecked = 63

describe.skipIf(!requires('qemu-img'))('every format that is read into every one that is written', () => {
  let place: TempPlace
  let raw: string
  let bytes: Buffer
  let digest: string

  beforeAll(async () => {
    place = await tempPlace()
    raw = place.file('disk')
    writeSparse(raw, size, [
      [0, prose(3 * MiB + 512, 1)],
      [5 * MiB, Buffer.alloc(2 * MiB)],
      [8 * MiB + 4096, noise(MiB, 2)],
      [20 * MiB - 512, prose(1024, 3)],
      [size - 512, noise(512, 4)],
    ])
    bytes = await readFile(raw)
    digest = (await digestDisk(image(raw, 'raw'))).digest
  })
  afterAll(async () => place[Symbol.asyncDispose]())

  describe.each(sources)('%s', (name, driver, options) => {
    let source: string

    beforeAll(async () => {
      source = place.file(`${name}.${driver}`)
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', driver, ...options, raw, source])
    })

    test.each(name === sources[0][0] ? kinds : usualKinds)(
      `${name} → $name`,
      async ({ name: kind, ...target }) => {
        await using own = await tempPlace()
        const [ending = ''] = rulesOf(target.format).endings
        const path = own.file(`${kind}${ending}`)
        const output = { ...target, path, durability: 'cached' } as const
        const outcome = await convertDisk(image(source), output, { workers: 1 })
        expect(outcome.digest).toBe(digest)
        await using chain = await openChain(path, nodePorts({ roots: null }))
        const back = Buffer.alloc(chain.disk.virtualSize)
        await chain.disk.readInto(back, 0)
        expect(back.equals(bytes)).toBe(true)
        const qemu = formatRules[target.format].qemuDriver
        if (qemu === null) return
        // QEMU opens the image inside a Parallels bundle, not the bundle.
        const [judged = path] = target.subformat === 'bundle' ? outcome.parts : []
        await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', qemu, raw, judged])
        const checked = await runTool('qemu-img', ['check', '-f', qemu, judged])
        expect([0, notChecked], `${checked.stdout}${checked.stderr}`).toContain(checked.exitCode)
      },
    )
  })
})
