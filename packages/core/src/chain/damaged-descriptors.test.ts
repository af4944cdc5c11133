import { describe, expect, test } from 'vitest'
import { isDiskError } from '../problems/disk-error.ts'
import { inspectImage } from '../layers/inspect-image.ts'
import { memoryFiles } from '../testing/memory-files.ts'
import { checkImage } from './check-image.ts'
import { openChain } from './open-chain.ts'

const band = 1024
const text = (content: string) => new TextEncoder().encode(content)
const hex = (digits: string) => new Uint8Array(Buffer.from(digits, 'hex'))

const plist = text(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>band-size</key><integer>${band}</integer>
<key>diskimage-bundle-type</key><string>com.apple.diskimage.sparsebundle</string>
<key>size</key><integer>${17 * band + 512}</integer></dict></plist>`)

/** The same list, by Python's plistlib. */
const binaryPlist = hex(
  '62706c6973743030d50102030405060708090a5f101d434642756e646c65496e666f44696374696f6e61727956657273696f6e5962616e642d73697a655f101b62756e646c652d6261636b696e6773746f72652d76657273696f6e5f10156469736b696d6167652d62756e646c652d747970655473697a6553362e3011040010015f1020636f6d2e6170706c652e6469736b696d6167652e73706172736562756e646c651146000813333d5b73787c7f81a40000000000000101000000000000000b000000000000000000000000000000a7',
)

const utf16 = (content: Uint8Array, { mark, big }: { mark: boolean; big: boolean }) => {
  const units = Buffer.from((mark ? '\u{FEFF}' : '') + new TextDecoder().decode(content), 'utf16le')
  return new Uint8Array(big ? units.swap16() : units)
}

const nuls = (content: Uint8Array) =>
  Uint8Array.from(content, (byte, at) => (at >= 100 && at < 200 ? 0 : byte))

const unusable: readonly (readonly [string, Uint8Array])[] = [
  ['empty', new Uint8Array(0)],
  ['cut', plist.subarray(0, plist.length - 90)],
  ['NULs in it', nuls(plist)],
  ['NULs alone', new Uint8Array(700)],
  ['a binary list that is cut', binaryPlist.subarray(0, 100)],
  [
    'a binary list whose trailer lies',
    Uint8Array.from(binaryPlist, (byte, at) => (at === 193 ? 0xff : byte)),
  ],
  ['noise', Uint8Array.from({ length: 700 }, (_, at) => (at * 89 + 7) & 0xff)],
  ['another list', text('<plist version="1.0"><dict><key>size</key><integer>5</integer></dict></plist>')],
]

const bands = (folder: string, name: (text: string) => string = (each) => each) => ({
  [`${folder}/bands/0`]: new Uint8Array(band).fill(1),
  [`${folder}/bands/${name('a')}`]: new Uint8Array(100).fill(10),
  [`${folder}/bands/11`]: new Uint8Array(band).fill(17),
})

async function read(path: string, files: Record<string, Uint8Array>) {
  const { ports } = memoryFiles(files)
  await using chain = await openChain(path, ports)
  const bytes = new Uint8Array(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

const disk = new Uint8Array(17 * band + 512)
disk
  .fill(1, 0, band)
  .fill(10, 10 * band, 10 * band + 100)
  .fill(17, 17 * band)

describe.each(['/a.sparsebundle', '/A.SPARSEBUNDLE', '/backup.backupbundle', '/renamed'])(
  'the bundle %s',
  (folder) => {
    test.each([
      ['XML', plist],
      ['binary', binaryPlist],
      ['UTF-16 with a mark', utf16(plist, { mark: true, big: false })],
      ['UTF-16 without', utf16(plist, { mark: false, big: true })],
    ])('is read when its list is %s', async (_, list) => {
      const files = { [`${folder}/Info.plist`]: list, ...bands(folder) }
      expect(await read(folder, files)).toEqual(disk)
      expect(await read(`${folder}/Info.plist`, files)).toEqual(disk)
    })

    test.each(unusable)('takes Info.bckup when Info.plist is %s, and says so', async (_, list) => {
      const files = { [`${folder}/Info.plist`]: list, [`${folder}/Info.bckup`]: plist, ...bands(folder) }
      const { ports } = memoryFiles(files)
      for (const path of [folder, `${folder}/Info.plist`]) {
        expect(await read(path, files)).toEqual(disk)
        const report = await inspectImage(path, ports)
        expect(report.format).toBe('sparsebundle')
        expect(report.problems).toContainEqual(
          expect.objectContaining({ id: 'sparsebundle-backup-used', severity: 'warn' }),
        )
        const check = await checkImage(path, ports)
        expect(check.report.findings.map(({ id }) => id)).toContain('sparsebundle-backup-used')
      }
    })

    test.each(unusable)('is refused when there is no other and Info.plist is %s', async (_, list) => {
      for (const backup of [{}, { [`${folder}/Info.bckup`]: list }]) {
        const files = { [`${folder}/Info.plist`]: list, ...backup, ...bands(folder) }
        for (const path of [folder, `${folder}/Info.plist`]) {
          const failure = await read(path, files).catch((error: unknown) => error)
          expect(isDiskError(failure), String(failure)).toBe(true)
          const report = await inspectImage(path, memoryFiles(files).ports)
          expect(report.format).toBe('sparsebundle')
          expect(report.problems.some(({ severity }) => severity === 'block')).toBe(true)
        }
      }
    })

    test('by the name of its Info.bckup is the bundle with its Info.plist', async () => {
      const list = { [`${folder}/Info.bckup`]: plist, [`${folder}/Info.plist`]: plist }
      const { ports } = memoryFiles({ ...list, ...bands(folder) })
      const { problems } = await inspectImage(`${folder}/Info.bckup`, ports, { map: false })
      expect(problems.map(({ id }) => id)).not.toContain('sparsebundle-backup-used')
    })

    test.each(['Info.plist', 'Info.bckup'])('is no raw disk of its %s, whatever is said', async (name) => {
      const { ports } = memoryFiles({ [`${folder}/${name}`]: new Uint8Array(1024), ...bands(folder) })
      const opening = openChain(`${folder}/${name}`, ports, { format: 'raw' })
      await expect(opening).rejects.toMatchObject({ code: 'refused' })
    })

    test('is read by Info.bckup alone', async () => {
      const files = { [`${folder}/Info.bckup`]: plist, ...bands(folder) }
      expect(await read(folder, files)).toEqual(disk)
    })

    test('has its bands in capitals too, but none twice', async () => {
      const list = { [`${folder}/Info.plist`]: plist }
      expect(await read(folder, { ...list, ...bands(folder, (name) => name.toUpperCase()) })).toEqual(disk)
      const twice = { ...list, ...bands(folder), [`${folder}/bands/A`]: new Uint8Array(5) }
      await expect(read(folder, twice)).rejects.toMatchObject({ code: 'corrupt' })
    })

    test('is not read by one of its bands', async () => {
      const files = { [`${folder}/Info.plist`]: plist, ...bands(folder) }
      for (const name of ['0', '11', 'a']) {
        await expect(read(`${folder}/bands/${name}`, files)).rejects.toMatchObject({
          code: 'refused',
          remedy: expect.stringContaining(folder),
        })
      }
    })
  },
)

const top = '{5fbaabe3-6958-40ff-92a7-860e329aab41}'
const descriptor = (type: string) =>
  text(`<?xml version='1.0' encoding='UTF-8'?>
<Parallels_disk_image Version="1.0"><Disk_Parameters><Disk_size>8</Disk_size><Cylinders>1</Cylinders><Heads>1</Heads>
<Sectors>8</Sectors><Padding>0</Padding></Disk_Parameters><StorageData><Storage><Start>0</Start><End>8</End>
<Blocksize>2</Blocksize><Image><GUID>${top}</GUID><Type>${type}</Type><File>a.hds</File></Image></Storage></StorageData>
<Snapshots><Shot><GUID>${top}</GUID><ParentGUID>{00000000-0000-0000-0000-000000000000}</ParentGUID></Shot></Snapshots>
</Parallels_disk_image>`)
const plain = new Uint8Array(4096).fill(5)

describe('the descriptor of a Parallels bundle', () => {
  test.each([
    ['UTF-8', descriptor('Plain')],
    ['UTF-8 with a mark', Uint8Array.of(0xef, 0xbb, 0xbf, ...descriptor('Plain'))],
    ['UTF-16, little', utf16(descriptor('Plain'), { mark: true, big: false })],
    ['UTF-16, big', utf16(descriptor('Plain'), { mark: true, big: true })],
    ['UTF-16 without a mark', utf16(descriptor('Plain'), { mark: false, big: false })],
  ])('is read in %s', async (_, bytes) => {
    const files = {
      '/m.hdd/DiskDescriptor.xml': bytes,
      '/m.hdd/a.hds': plain,
      '/m.hdd/m.hdd': new Uint8Array(0),
    }
    for (const path of ['/m.hdd', '/m.hdd/DiskDescriptor.xml', '/m.hdd/m.hdd', '/m.hdd/a.hds'])
      expect(await read(path, files)).toEqual(plain)
  })

  test.each([
    ['empty', new Uint8Array(0)],
    ['cut', descriptor('Plain').subarray(0, 300)],
    ['cut UTF-16', utf16(descriptor('Plain'), { mark: true, big: false }).subarray(0, 801)],
    ['NULs in it', nuls(descriptor('Plain'))],
    ['NULs alone', new Uint8Array(2048)],
    ['noise', Uint8Array.from({ length: 2048 }, (__, at) => (at * 89 + 7) & 0xff)],
    ['another document', text('<html><body>404</body></html>')],
  ])('is refused when it is %s, and no image beside it counts as raw', async (_, bytes) => {
    const files = {
      '/m.hdd/DiskDescriptor.xml': bytes,
      '/m.hdd/a.hds': plain,
      '/m.hdd/m.hdd': new Uint8Array(0),
    }
    for (const path of Object.keys(files).concat('/m.hdd')) {
      const failure = await read(path, files).catch((error: unknown) => error)
      expect(isDiskError(failure), `${path}: ${String(failure)}`).toBe(true)
      const report = await inspectImage(path, memoryFiles(files).ports)
      expect(report.format, path).toBe('parallels')
    }
  })

  test('says what an image without a mark is', async () => {
    const files = { '/m.hdd/DiskDescriptor.xml': descriptor('Compressed'), '/m.hdd/a.hds': plain }
    await expect(read('/m.hdd/a.hds', files)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('does not start with'),
    })
  })
})

test.each([
  ['/m.utm/config.plist', 'corrupt'],
  ['/m.pvm/config.pvs', 'corrupt'],
  ['/m.pvm/config.pvs.backup', 'refused'],
])('%s that describes no machine is no disk', async (path, code) => {
  const bytes = text('<?xml version="1.0"?><plist version="1.0"><dict/></plist>')
  await expect(read(path, { [path]: bytes })).rejects.toMatchObject({ code })
})

describe.each(['/a.vmdk', '/a.qcow2', '/a.vhdx', '/a.vdi', '/a.ova', '/a.ovf', '/a.sparseimage', '/a.asif'])(
  '%s',
  (path) => {
    test.each([
      ['NULs', new Uint8Array(1024)],
      ['text', text('# Disk Descr'.padEnd(700, 'x'))],
      ['UTF-16', utf16(text('# Disk DescriptorFile\nversion=1\n'.padEnd(700)), { mark: true, big: false })],
      ['noise', Uint8Array.from({ length: 2048 }, (_, at) => (at * 89 + 7) & 0xff)],
    ])('of %s is never raw', async (_, bytes) => {
      const failure = await read(path, { [path]: bytes }).catch((error: unknown) => error)
      expect(isDiskError(failure), String(failure)).toBe(true)
    })
  },
)

test.each([
  ['/a.qcow2', 'does not start with QFI'],
  ['/a.vdi', 'does not have the bytes 7f 10 da be at byte 64'],
  ['/a.asif', 'does not start with shdw'],
  ['/a.qed', 'it is taken for QED, by its name or because somebody said so'],
])('the start of %s overwritten: that is said, and no absurd number', async (path, message) => {
  const noise = Uint8Array.from({ length: 65_536 }, (_, at) => (at * 89 + (at >> 8) * 31 + 200) & 0xff)
  await expect(read(path, { [path]: noise })).rejects.toThrow(message)
})
