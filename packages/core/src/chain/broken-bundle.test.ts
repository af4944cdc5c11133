import { expect, test } from 'vitest'
import { memoryFiles } from '../testing/memory-files.ts'
import { openImageFile } from './bundle.ts'

const some = Uint8Array.of(1)

async function refusalOf(folder: string, names: readonly string[]) {
  const { ports } = memoryFiles(Object.fromEntries(names.map((name) => [`${folder}/${name}`, some])))
  return await openImageFile(folder, ports.files).then(
    () => null,
    (error: unknown) => error,
  )
}

test.each([
  ['a.sparsebundle', ['Info.plist', 'token'], 'corrupt', /the folder of its data \(bands\) is not there/u],
  ['a.sparsebundle', ['bands/0', 'token'], 'corrupt', /Info\.plist\) is not there/u],
  ['A.SparseBundle', ['token'], 'corrupt', /Info\.plist\) and .*\(bands\) are not there/u],
  ['a.backupbundle', ['token'], 'corrupt', /bands/u],
  ['renamed', ['bands/0', 'token'], 'corrupt', /Info\.plist/u],
  [
    'a.hdd',
    ['a.hdd.0.{5fbaabe3-6958-40ff-92a7-860e329aab41}.hds'],
    'corrupt',
    /DiskDescriptor\.xml\) is not there/u,
  ],
  ['a.hdd', ['note.txt'], 'corrupt', /DiskDescriptor\.xml/u],
  ['disk', ['x.hds'], 'corrupt', /DiskDescriptor\.xml/u],
  [
    'm.utm',
    ['config.plist', 'screenshot.png'],
    'refused',
    /UTM machine, not a disk, and no disk lies in it/u,
  ],
  ['m.pvm', ['VmInfo.pvi'], 'refused', /no disk lies in it/u],
  ['plain', ['a.txt'], 'not-an-image', /it is a folder/u],
])('%s with %j: %s', async (folder, names, code, message) => {
  expect(await refusalOf(`/lib/${folder}`, names)).toMatchObject({
    code,
    file: `/lib/${folder}`,
    message: expect.stringMatching(message),
  })
})

test.each([
  ['m.utm', ['screenshot.png', 'Data/efi_vars.fd', 'Data/0A.qcow2'], '/lib/m.utm/Data/0A.qcow2'],
  ['m.pvm', ['VmInfo.pvi', 'harddisk.hdd/DiskDescriptor.xml'], '/lib/m.pvm/harddisk.hdd'],
  ['m.vmwarevm', ['m.vmx', 'm-s001.vmdk', 'm.vmdk'], '/lib/m.vmwarevm/m.vmdk'],
])('%s names its disk', async (folder, names, disk) => {
  expect(await refusalOf(`/lib/${folder}`, names)).toMatchObject({
    code: 'refused',
    remedy: `Name its disk: ${JSON.stringify(disk)}.`,
  })
})

test('a backup of the description is named', async () => {
  expect(await refusalOf('/lib/a.hdd', ['DiskDescriptor.xml.Backup', 'x.hds'])).toMatchObject({
    code: 'refused',
    remedy: expect.stringContaining('DiskDescriptor.xml.Backup'),
  })
})
