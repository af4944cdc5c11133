import { readFile, stat, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { writeDisk } from '../../testing/write-disk.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { ovaWriter } from './writer.ts'

const MiB = 1024 ** 2

function patchyDisk(size: number): Buffer {
  const random = seededRandom(3)
  const disk = Buffer.alloc(size)
  for (let at = 0; at + 40_000 < size; at += 3 * MiB) {
    for (let i = 0; i < 40_000; i += 1) disk[at + i] = random(256)
  }
  disk[size - 1] = 1
  return disk
}

describe.skipIf(!requires('qemu-img', 'tar', 'sha256sum', 'python3'))('a written OVA', () => {
  test.each([512, 3 * MiB, 37 * MiB + 512])('of a disk of %i bytes', async (size) => {
    await using place = await tempPlace()
    const disk = patchyDisk(size)
    const raw = place.file('disk.raw')
    await writeFile(raw, disk)
    const path = place.file('web 01.ova')
    const fileSize = await writeDisk(ovaWriter, path, disk, { compression: 'none', writers: 3 })
    expect((await stat(path)).size).toBe(fileSize)
    const measured = { virtualSize: size, dataBytes: Math.ceil(size / 65_536) * 65_536, compression: 'none' }
    expect(fileSize).toBeLessThanOrEqual(ovaWriter.measure(measured))

    const names = ['web_01.ovf', 'web_01-disk1.vmdk', 'web_01.mf']
    expect((await runToolOk('tar', ['-tf', path])).trim().split('\n')).toEqual(names)
    await runToolOk('tar', ['-C', place.path, '-xf', path])
    const [ovf = '', vmdk = '', mf = ''] = names.map((name) => place.file(name))
    const sums = (await readFile(mf, 'utf8')).replaceAll(/^SHA256\((.*)\)= (.*)$/gmu, `$2  ${place.path}/$1`)
    expect(sums.split('\n')).toHaveLength(3)
    await writeFile(place.file('sums'), sums)
    await runToolOk('sha256sum', ['--check', '--strict', place.file('sums')])
    await runToolOk('python3', ['-c', 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])', ovf])
    expect(await readFile(ovf, 'utf8')).toContain(`ovf:size="${(await stat(vmdk)).size}"`)
    await runToolOk('qemu-img', ['check', '-f', 'vmdk', vmdk])
    await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', 'vmdk', raw, vmdk])

    const { links, problems } = await inspectChain(path, nodePorts)
    expect(links[0].facts).toMatchObject({
      format: 'ova',
      subformat: 'streamOptimized',
      virtualSize: size,
      details: { manifest: 'SHA256' },
    })
    expect(problems.map(({ id }) => id)).toEqual(['ova-manifest-not-compared'])
    await using chain = await openChain(path, nodePorts)
    const back = Buffer.alloc(size)
    await chain.disk.readInto(back, 0)
    expect(back.equals(disk)).toBe(true)
  })

  test('the same bytes whoever writes', async () => {
    await using place = await tempPlace()
    const disk = patchyDisk(20 * MiB)
    const write = async (folder: string, writers: number) => {
      await runToolOk('mkdir', [place.file(folder)])
      const path = place.file(`${folder}/x.ova`)
      await writeDisk(ovaWriter, path, disk, { compression: 'none', writers })
      return await readFile(path)
    }
    expect((await write('1', 1)).equals(await write('4', 4))).toBe(true)
  })

  test('says the machine that was chosen, in the words of VMware and VirtualBox', async () => {
    await using place = await tempPlace()
    const path = place.file('vm.ova')
    const choices = { firmware: 'efi', cpus: 3, memory: 2 * 1024 ** 3 } as const
    await writeDisk(ovaWriter, path, patchyDisk(3 * MiB), { compression: 'none', choices, writers: 1 })
    const ovf = await runToolOk('tar', ['-xOf', path, 'vm.ovf'])
    await writeFile(place.file('vm.ovf'), ovf)
    await runToolOk('python3', [
      '-c',
      'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])',
      place.file('vm.ovf'),
    ])
    expect(ovf).toContain('<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>')
    expect(ovf).toContain('<Firmware type="EFI"/>')
    expect(ovf).toContain('<rasd:VirtualQuantity>3</rasd:VirtualQuantity>')
    expect(ovf).toContain('<rasd:VirtualQuantity>2048</rasd:VirtualQuantity>')
    const [, onDisk] = /vbox:uuid="([^"]+)"/u.exec(ovf) ?? []
    expect(ovf).toContain(`<Image uuid="{${onDisk}}"/>`)
    const plain = place.file('plain.ova')
    await writeDisk(ovaWriter, plain, patchyDisk(3 * MiB), { compression: 'none', writers: 1 })
    expect(await runToolOk('tar', ['-xOf', plain, 'plain.ovf'])).not.toMatch(/efi|vbox/iu)
    const { report } = await checkImage(path, nodePorts)
    expect(report.findings).toEqual([])
  })
})
