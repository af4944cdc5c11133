import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'

const top = '{5fbaabe3-6958-40ff-92a7-860e329aab41}'
const base = '{11111111-2222-3333-4444-555555555555}'
const nil = '{00000000-0000-0000-0000-000000000000}'

async function readDisk(path: string): Promise<Buffer> {
  await using chain = await openChain(path, nodePorts)
  const bytes = Buffer.alloc(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

async function make(path: string, writes: readonly string[]): Promise<void> {
  await runToolOk('qemu-img', ['create', '-q', '-f', 'parallels', path, '20M'])
  await runToolOk('qemu-io', ['-f', 'parallels', ...writes.flatMap((write) => ['-c', write]), path])
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('Parallels against qemu-img', () => {
  let place: TempPlace
  beforeAll(async () => {
    place = await tempPlace()
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  test.each([[[]], [['-o', 'cluster_size=65536']], [['-o', 'cluster_size=4M']]])(
    'an image made with %j is read byte for byte',
    async (options) => {
      const raw = place.file('disk.raw')
      const image = place.file('disk.hds')
      await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, '20M'])
      const writes = ['write -P 1 0 3000', 'write -P 2 3M 5M', 'write -P 4 20971008 512']
      await runToolOk('qemu-io', ['-f', 'raw', ...writes.flatMap((write) => ['-c', write]), raw])
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'parallels', ...options, raw, image])
      const { links, problems } = await inspectChain(image, nodePorts)
      expect(problems).toEqual([])
      expect(links[0].facts).toMatchObject({ format: 'parallels', subformat: 'expanding, version 2' })
      expect((await readDisk(image)).equals(await readFile(raw))).toBe(true)
    },
  )

  test('a snapshot chain of two images is what a qcow2 chain with the same writes is', async () => {
    const below = ['write -P 1 0 3M', 'write -P 2 10M 1M']
    const above = ['write -P 3 1M 1M', 'write -P 0 10M 1M']
    const bundle = place.file('disk.hdd')
    await mkdir(bundle)
    await make(`${bundle}/base.hds`, below)
    await make(`${bundle}/top.hds`, above)
    await writeFile(`${bundle}/DiskDescriptor.xml`, descriptorOf())
    const reference = [place.file('base.qcow2'), place.file('top.qcow2')] as const
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', reference[0], '20M'])
    await runToolOk('qemu-io', [...below.flatMap((write) => ['-c', write]), reference[0]])
    await runToolOk('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      reference[0],
      '-F',
      'qcow2',
      reference[1],
    ])
    await runToolOk('qemu-io', [...above.flatMap((write) => ['-c', write]), reference[1]])
    expect((await readDisk(bundle)).equals(await readDisk(reference[1]))).toBe(true)
    expect((await readDisk(`${bundle}/base.hds`)).equals(await readDisk(reference[0]))).toBe(true)
    await rename(`${bundle}/base.hds`, `${bundle}/away.hds`)
    await expect(openChain(bundle, nodePorts)).rejects.toMatchObject({ code: 'extent-file-missing' })
  })

  function descriptorOf(): string {
    const image = (guid: string, file: string) =>
      `<Image><GUID>${guid}</GUID><Type>Compressed</Type><File>${file}</File></Image>`
    const shot = (guid: string, parent: string) =>
      `<Shot><GUID>${guid}</GUID><ParentGUID>${parent}</ParentGUID></Shot>`
    return `<?xml version='1.0' encoding='UTF-8'?><Parallels_disk_image Version="1.0"><Disk_Parameters>
<Disk_size>40960</Disk_size><Cylinders>80</Cylinders><Heads>16</Heads><Sectors>32</Sectors><Padding>0</Padding>
</Disk_Parameters><StorageData><Storage><Start>0</Start><End>40960</End><Blocksize>2048</Blocksize>
${image(base, 'base.hds')}${image(top, 'top.hds')}</Storage></StorageData>
<Snapshots>${shot(base, nil)}${shot(top, base)}</Snapshots></Parallels_disk_image>`
  }
})
