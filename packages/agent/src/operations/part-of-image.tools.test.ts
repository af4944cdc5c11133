import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { openTestHost } from '../testing/test-host.ts'

const mib = 1024 * 1024
const address = (path: string) => ({ path, format: null, reading: {} })

/** What each operation that would change, move or write over a file is asked, and the command that its refusal names. */
const wishes = [
  ['delete', (part: string) => ({ image: part }), 'varve delete '],
  ['move', (part: string) => ({ source: part, target: `${part}.moved` }), 'varve move '],
  [
    'repair',
    (part: string) => ({ image: address(part), by: 'varve', what: 'leaks', backup: `${part}.undo` }),
    'varve check --repair ',
  ],
  [
    'convert',
    (part: string, source: string) => ({
      sources: [address(source)],
      target: part,
      format: 'raw',
      existing: 'replace',
    }),
    'varve delete ',
  ],
] as const

interface Several {
  readonly part: string
  readonly image: string
}

async function vmdk(image: string, subformat: string, size: string): Promise<void> {
  const kind = ['-f', 'vmdk', '-o', `subformat=${subformat}`]
  await runToolOk('qemu-img', ['create', '-q', ...kind, image, size])
}

const kinds: readonly (readonly [string, (folder: string) => Promise<Several>])[] = [
  [
    'a flat VMDK',
    async (folder) => {
      const image = join(folder, 'x.vmdk')
      await vmdk(image, 'monolithicFlat', '4M')
      return { image, part: join(folder, 'x-flat.vmdk') }
    },
  ],
  [
    'a split VMDK',
    async (folder) => {
      const image = join(folder, 'x.vmdk')
      await vmdk(image, 'twoGbMaxExtentSparse', '3G')
      return { image, part: join(folder, 'x-s002.vmdk') }
    },
  ],
  [
    'a qcow2 with its data in another file',
    async (folder) => {
      const image = join(folder, 'x.qcow2')
      const part = join(folder, 'x.data')
      await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', `data_file=${part}`, image, '4M'])
      return { image, part }
    },
  ],
  [
    'a Parallels bundle',
    async (folder) => {
      const image = join(folder, 'x.hdd')
      await mkdir(image)
      await writeFile(join(image, 'DiskDescriptor.xml'), '<Parallels_disk_image/>')
      const part = join(image, 'x.hdd.0.{5fbaabe3-6958-40ff-92a7-860e329aab41}.hds')
      await runToolOk('qemu-img', ['create', '-q', '-f', 'parallels', part, '4M'])
      return { image, part }
    },
  ],
  [
    'a sparse bundle',
    async (folder) => {
      const image = join(folder, 'x.sparsebundle')
      await mkdir(join(image, 'bands'), { recursive: true })
      await writeFile(join(image, 'Info.plist'), '')
      const part = join(image, 'bands', '1f')
      await writeFile(part, Buffer.alloc(mib, 1))
      return { image, part }
    },
  ],
]

const cases = kinds
  .flatMap(([kind, make]) =>
    wishes.map(([operation, ask, command]) => ({ kind, make, operation, ask, command })),
  )
  // A band is refused as no image before it is looked for what has it.
  .filter(({ kind, operation }) => !(kind === 'a sparse bundle' && operation === 'repair'))

test.skipIf(!requires('qemu-img')).each(cases)(
  '$operation of a part of $kind is refused, naming the whole',
  async ({ make, operation, ask, command }) => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const lib = place.file('lib')
    await mkdir(lib)
    const { image, part } = await make(lib)
    const source = place.file('other.raw')
    await writeFile(source, Buffer.alloc(mib, 7))
    const before = await readdir(lib, { recursive: true })
    const bytes = await readFile(part)
    const plan = await host.plan(operation, ask(part, source))
    if (plan.kind !== 'refusal') throw new Error(`it is planned: ${plan.summary}`)
    expect(plan.problems).toContainEqual(
      expect.objectContaining({ id: 'part-of-image', layer: 'L1', file: part, details: { image } }),
    )
    const said = plan.problems.find(({ id }) => id === 'part-of-image')
    expect(said?.message).toContain(JSON.stringify(image))
    expect(said?.remedy).toContain(`${command}${image}`)
    expect(await readdir(lib, { recursive: true })).toEqual(before)
    expect(bytes.equals(await readFile(part))).toBe(true)
  },
)

test.skipIf(!requires('qemu-img'))(
  'a file that only lies beside such images is its own, and so is the image',
  async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const lib = place.file('lib')
    await mkdir(lib)
    for (const [, make] of kinds.slice(1)) await make(lib)
    await writeFile(join(lib, 'x-s009.vmdk'), Buffer.alloc(mib, 1))
    await writeFile(join(lib, 'damaged.vmdk'), '# Disk DescriptorFile\nRW 1 FLAT "x-s009.vmdk" zzz')
    for (const name of ['x-s009.vmdk', 'x.vmdk', 'x.qcow2', 'x.hdd'])
      expect(await host.plan('delete', { image: join(lib, name) })).toMatchObject({ kind: 'plan' })
  },
)
