import { createHash } from 'node:crypto'
import { open, readFile, truncate, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { openChain } from '../../chain/open-chain.ts'

const mib = 1024 * 1024
const size = 24 * mib

async function sparseRaw(path: string): Promise<Buffer> {
  await writeFile(path, '')
  await truncate(path, size)
  await using file = await open(path, 'r+')
  for (let i = 0; i < 40; i += 1)
    await file.write(Buffer.alloc(4096, i + 1), 0, 4096, i * 512 * 1024 + 65_536)
  return await readFile(path)
}

function ovf(href: string, bytes: number): string {
  return `<?xml version="1.0"?><ovf:Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"><ovf:References><ovf:File ovf:id="f" ovf:href="${href}" ovf:size="${bytes}"/></ovf:References><ovf:DiskSection><ovf:Disk ovf:diskId="d" ovf:fileRef="f" ovf:capacity="24" ovf:capacityAllocationUnits="byte * 2^20"/></ovf:DiskSection></ovf:Envelope>`
}

async function contentOf(path: string): Promise<Buffer> {
  await using chain = await openChain(path, nodePorts)
  const bytes = Buffer.alloc(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

describe.skipIf(!requires('tar', 'qemu-img'))('archives that GNU tar makes', () => {
  test.each([
    ['gnu', ['--format=gnu', '--sparse']],
    ['pax 0.0', ['--format=pax', '--sparse', '--sparse-version=0.0']],
    ['pax 0.1', ['--format=pax', '--sparse', '--sparse-version=0.1']],
    ['pax 1.0', ['--format=pax', '--sparse', '--sparse-version=1.0']],
    ['not sparse', ['--format=ustar']],
    ['old', ['--format=v7']],
  ])('a raw disk, %s', async (_, options) => {
    await using place = await tempPlace()
    const raw = await sparseRaw(place.file('disk.img'))
    const digest = createHash('sha256').update(raw).digest('hex')
    await writeFile(place.file('vm.ovf'), ovf('disk.img', size))
    await writeFile(place.file('vm.mf'), `SHA256(disk.img)= ${digest}\n`)
    const path = place.file('vm.ova')
    await runToolOk('tar', ['-C', place.path, '-cf', path, ...options, 'vm.ovf', 'vm.mf', 'disk.img'])
    expect((await contentOf(path)).equals(raw)).toBe(true)
    const { report } = await checkImage(path, nodePorts)
    expect(report.findings.map(({ id }) => id)).toEqual(['raw-nothing-to-check', 'ova-manifest-incomplete'])
  })

  test.each([
    ['qcow2', 'disk'],
    ['vpc', 'disk.vhd'],
    ['vhdx', 'disk.vhdx'],
    ['vdi', 'disk.vdi'],
    ['vmdk', 'disk.vmdk'],
  ])('a disk as %s', async (format, name) => {
    await using place = await tempPlace()
    const raw = await sparseRaw(place.file('disk.raw'))
    const options = format === 'vpc' ? ['-o', 'force_size=on'] : []
    await runToolOk('qemu-img', [
      'convert',
      '-f',
      'raw',
      '-O',
      format,
      ...options,
      place.file('disk.raw'),
      place.file(name),
    ])
    const bytes = (await readFile(place.file(name))).length
    await writeFile(place.file('vm.ovf'), ovf(name, bytes))
    const path = place.file('vm.ova')
    await runToolOk('tar', ['-C', place.path, '-cf', path, 'vm.ovf', name])
    for (const image of [path, place.file('vm.ovf')]) {
      expect((await contentOf(image)).equals(raw)).toBe(true)
      expect((await checkImage(image, nodePorts)).report.findings).toEqual([])
    }
  })
})
