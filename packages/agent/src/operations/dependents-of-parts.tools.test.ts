import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { bundleDescriptor, bundleImageName } from '@varve/core/formats/parallels/write-descriptor'
import { openChain } from '@varve/core/chain/open-chain'
import { readChainTree } from '@varve/engine/dependents/chain-tree'
import { nodePorts } from '@varve/engine/ports/ports'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost, type TestHost } from '../testing/test-host.ts'

const mib = 1024 * 1024
const stop = new AbortController().signal

interface Kind {
  readonly name: string
  readonly image: string
  readonly format: string
  /** Makes the image of `raw`; gives the file of it that an image is to be made over, and as what. */
  make(folder: string, raw: string): Promise<readonly [part: string, format: string]>
  /** Whether the part stays where it is when the image is renamed in its folder. */
  readonly staysBeside: boolean
}

const vmdk = (subformat: string, part: string): Kind => ({
  name: `a VMDK of the kind ${subformat}`,
  image: 'f.vmdk',
  format: 'vmdk',
  async make(folder, raw) {
    const option = ['-O', 'vmdk', '-o', `subformat=${subformat}`]
    await runToolOk('qemu-img', ['convert', ...option, raw, join(folder, 'f.vmdk')])
    return [join(folder, part), 'raw']
  },
  staysBeside: true,
})

const kinds: readonly Kind[] = [
  vmdk('monolithicFlat', 'f-flat.vmdk'),
  vmdk('twoGbMaxExtentFlat', 'f-f001.vmdk'),
  {
    name: 'a qcow2 with its data in another file',
    image: 'f.qcow2',
    format: 'qcow2',
    async make(folder, raw) {
      const [image, data] = [join(folder, 'f.qcow2'), join(folder, 'f.data')]
      const option = ['-O', 'qcow2', '-o', `data_file=${data},data_file_raw=on`]
      await runToolOk('qemu-img', ['convert', ...option, raw, image])
      return [data, 'raw']
    },
    staysBeside: true,
  },
  {
    name: 'a Parallels bundle',
    image: 'f.hdd',
    format: 'parallels',
    async make(folder, raw) {
      const bundle = join(folder, 'f.hdd')
      await mkdir(bundle)
      const ids = { name: 'f.hdd', id: '6f0c8e2a-7b1d-4c3e-9a55-0123456789ab' }
      const size = { virtualSize: mib, clusterSize: mib }
      await writeFile(join(bundle, 'DiskDescriptor.xml'), bundleDescriptor({ ...size, ...ids }))
      const part = join(bundle, bundleImageName('DiskDescriptor.xml'))
      await runToolOk('qemu-img', ['convert', '-O', 'parallels', raw, part])
      return [part, 'parallels']
    },
    staysBeside: false,
  },
]

async function plant(folder: string, kind: Kind) {
  await mkdir(join(folder, 'lib'))
  const lib = join(folder, 'lib')
  const raw = join(folder, 'a.raw')
  await writeFile(raw, Buffer.alloc(mib, 'a'))
  const [part, format] = await kind.make(lib, raw)
  const child = join(lib, 'child.qcow2')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', relative(lib, part), '-F', format, child])
  return { lib, image: join(lib, kind.image), part, child, source: raw }
}

async function firstByte(path: string): Promise<string> {
  await using chain = await openChain(path, nodePorts({ roots: null }))
  const bytes = new Uint8Array(1)
  await chain.disk.readInto(bytes, 0)
  return String.fromCharCode(bytes[0] ?? 0)
}

async function move(host: TestHost, request: unknown) {
  const plan = await host.plan('move', request)
  if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
  const accepted = plan.warnings.map(({ id }) => id)
  return { plan, state: await host.runs.start({ plan, request, accepted }, { stop }) }
}

describe.skipIf(!requires('qemu-img')).each(kinds)('an image over a file of $name', (kind) => {
  test('keeps it from being deleted, and stands in its tree; without it nothing does', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const { image, child } = await plant(place.path, kind)
    expect(await host.plan('delete', { image })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'has-dependents', file: image, details: { dependents: [child] } }],
    })
    const tree = await readChainTree(image, { roots: null })
    expect(tree.dependents.map(({ path, depth }) => [path, depth])).toEqual([[child, 1]])
    expect(tree.root.children.map(({ path }) => path)).toEqual([child])
    await rm(child)
    expect(await host.plan('delete', { image })).toMatchObject({ kind: 'plan' })
  })

  test('finds its parent where that is moved to, and back', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const { image, child, part } = await plant(place.path, kind)
    await mkdir(place.file('new'))
    const { plan, state } = await move(host, { source: image, target: place.file('new') })
    expect(plan.steps.map(({ id }) => id)).toEqual(['move', 'repoint-1'])
    expect(state.phase).toBe('succeeded')
    expect(await firstByte(child)).toBe('a')
    await runToolOk('qemu-img', ['compare', place.file('a.raw'), child])
    const undone = await host.runs.undo(state.id, { stop })
    expect(undone.phase).toBe('undone')
    expect(await firstByte(child)).toBe('a')
    const info: unknown = JSON.parse(await runToolOk('qemu-img', ['info', '--output=json', '-U', child]))
    expect(info).toMatchObject({ 'full-backing-filename': part })
  })

  test('is named anew within a folder only where its parent gets another name', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const { lib, image, child } = await plant(place.path, kind)
    const target = join(lib, `g${kind.image.slice(1)}`)
    const { plan, state } = await move(host, { source: image, target })
    expect(plan.steps.map(({ id }) => id)).toEqual(kind.staysBeside ? ['move'] : ['move', 'repoint-1'])
    expect(state.phase).toBe('succeeded')
    expect(await firstByte(child)).toBe('a')
  })
})

describe.skipIf(!requires('qemu-img'))('an image over a part', () => {
  test('keeps the image from being replaced', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const [, , qcow2] = kinds
    if (!qcow2) throw new Error('it is not there')
    const { image, child, source } = await plant(place.path, qcow2)
    const refusal = {
      kind: 'refusal',
      problems: [{ id: 'has-dependents', file: image, details: { dependents: [child] } }],
    }
    const copy = { target: image, existing: 'replace' }
    const convert = { ...copy, sources: [{ path: source }], format: 'qcow2' }
    expect(await host.plan('convert', convert)).toMatchObject(refusal)
    expect(await host.plan('clone', { ...copy, source: { path: source } })).toMatchObject(refusal)
  })

  test('that names it in a json: keeps the image where it is', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const [flat] = kinds
    if (!flat) throw new Error('it is not there')
    const { image, child, part } = await plant(place.path, flat)
    const json = { driver: 'raw', file: { driver: 'file', filename: part } }
    const backing = ['-b', `json:${JSON.stringify(json)}`, '-F', 'raw']
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, child])
    await mkdir(place.file('new'))
    expect(await host.plan('delete', { image })).toMatchObject({
      problems: [{ id: 'has-dependents', details: { dependents: [child] } }],
    })
    expect(await host.plan('move', { source: image, target: place.file('new') })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'parent-not-rewritten', file: child }],
    })
  })

  test('that lies in another folder, and stays there, says nothing against a deletion', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const [flat] = kinds
    if (!flat) throw new Error('it is not there')
    const { part } = await plant(place.path, flat)
    await mkdir(place.file('lib/named'))
    const image = place.file('lib/named/x.vmdk')
    const extent = `RW ${mib / 512} FLAT "${part}" 0`
    const ids = 'version=1\nCID=12345678\nparentCID=ffffffff\ncreateType="monolithicFlat"'
    await writeFile(image, `# Disk DescriptorFile\n${ids}\n${extent}\n`)
    await rm(place.file('lib/f.vmdk'))
    const plan = await host.plan('delete', { image })
    expect(plan).toMatchObject({ kind: 'plan', warnings: [{ id: 'part-stays' }, { id: 'no-dependents' }] })
  })
})
