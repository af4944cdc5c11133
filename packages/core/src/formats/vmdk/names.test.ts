import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { checkImage } from '../../chain/check-image.ts'

const path = '/lib/x.vmdk'
const flat = Uint8Array.from({ length: 2048 }, (_, index) => index % 251)

function descriptor(lines: readonly string[], encoding = 'UTF-8'): string {
  return [`# Disk DescriptorFile`, 'version=1', `encoding="${encoding}"`, ...lines, ''].join('\n')
}

const text = (content: string) => new TextEncoder().encode(content)
/** Characters below 256 as the bytes they are. */
const bytesOf = (content: string) => Uint8Array.from(content, (character) => character.charCodeAt(0))

describe('names of parts', () => {
  test('as other hosts write them, said as remarks', async () => {
    const { ports } = memoryFiles({
      [path]: text(
        descriptor([
          'RW 4 FLAT ".\\X-FLAT.VMDK" 0',
          'RW 4 FLAT "/vmfs/volumes/5f/vm/y-flat.vmdk" 0',
          'RW 4 FLAT "vm-10:00-flat.vmdk" 0',
        ]),
      ),
      '/lib/x-flat.vmdk': flat,
      '/lib/y-flat.vmdk': flat,
      '/lib/vm-10:00-flat.vmdk': flat,
    })
    const { problems } = await inspectChain(path, ports)
    expect(problems.map(({ id, severity }) => `${severity} ${id}`)).toEqual(
      Array(2).fill('info other-name-taken'),
    )
    await using chain = await openChain(path, ports)
    expect(chain.files.map((file) => file.path)).toEqual([
      path,
      '/lib/x-flat.vmdk',
      '/lib/y-flat.vmdk',
      '/lib/vm-10:00-flat.vmdk',
    ])
    const { report } = await checkImage(path, ports)
    expect(report.findings.map(({ id, kind }) => `${kind} ${id}`)).toEqual(
      Array(2).fill('remark other-name-taken'),
    )
  })

  test.each([
    ['cp936', '\u00b4\u00c5\u00c5\u00cc', '磁盘'],
    ['windows-936', '\u00b4\u00c5\u00c5\u00cc', '磁盘'],
    ['CP-936', '\u00b4\u00c5\u00c5\u00cc', '磁盘'],
    ['GBK', '\u00b4\u00c5\u00c5\u00cc', '磁盘'],
    ['x-mswin-936', '\u00b4\u00c5\u00c5\u00cc', '磁盘'],
    ['ibm-1386_P100-2001', '\u00b4\u00c5\u00c5\u00cc', '磁盘'],
    ['GB18030', '\u0081\u0039\u00ee\u0039', '㐀'],
    ['cp932', '\u0095\u005c', '表'],
    ['windows-31j', '\u0095\u005c', '表'],
    ['Shift_JIS', '\u0095\u005c', '表'],
    ['ibm-943_P15A-2003', '\u0095\u005c', '表'],
    ['shift-jis', '\u0095\u005c', '表'],
    ['932', '\u0095\u005c', '表'],
    ['EUC-JP', '\u00c9\u00bd', '表'],
    ['cp949', '\u008c\u0063', '똠'],
    ['windows-949', '\u008c\u0063', '똠'],
    ['ms949', '\u008c\u0063', '똠'],
    ['euc_kr', '\u008c\u0063', '똠'],
    ['ks_c_5601-1987', '\u00b5\u00f0', '디'],
    ['EUC-KR', '\u00b5\u00f0', '디'],
    ['cp950', '\u00a5\u005c', '功'],
    ['windows-950', '\u00a5\u005c', '功'],
    ['Big5', '\u00a5\u005c', '功'],
    ['cp1251', '\u00c4\u00e8\u00f1\u00ea', 'Диск'],
    ['windows-1252', 'f\u00fcr', 'für'],
    ['cp866', '\u0084\u00a8\u00e1\u00aa', 'Диск'],
    ['US-ASCII', 'disk', 'disk'],
    ['a page nobody knows', 'f\u00fcr', 'für'],
  ])('in %s', async (encoding, stored, name) => {
    const { ports } = memoryFiles({
      [path]: bytesOf(descriptor([`RW 4 FLAT "${stored}-flat.vmdk" 0`], encoding)),
      [`/lib/${name}-flat.vmdk`]: flat,
    })
    await using chain = await openChain(path, ports)
    expect(chain.files.map((file) => file.path)).toEqual([path, `/lib/${name}-flat.vmdk`])
  })

  test('a table of partitions in a plain file, with what else its line says', async () => {
    const { ports } = memoryFiles({
      [path]: text(
        descriptor([
          'createType="partitionedDevice"',
          'RW 4 FLAT "x-pt.vmdk" 0 partitionUUID Dev0 deviceIdentifier',
        ]),
      ),
      '/lib/x-pt.vmdk': flat,
    })
    await using chain = await openChain(path, ports)
    expect(chain.disk.virtualSize).toBe(2048)
  })

  test.each(['\\\\.\\PhysicalDrive0', '//./PhysicalDrive0', '/dev/sda', '/dev/disk/by-id/x'])(
    'the device %s is refused',
    async (name) => {
      const { ports } = memoryFiles({
        [path]: text(descriptor([`RW 4 FLAT "${name}" 0`])),
        [name]: flat,
        '/lib/PhysicalDrive0': flat,
      })
      await expect(openChain(path, ports)).rejects.toMatchObject({ code: 'unsupported-feature' })
    },
  )
})

test('a parent in other case is read and said; one that is there twice in other case is not', async () => {
  const child = text(
    descriptor(['CID=1', 'parentCID=2', 'parentFileNameHint="D:\\VMs\\BASE.vmdk"', 'RW 4 ZERO']),
  )
  const base = text(descriptor(['CID=2', 'RW 4 ZERO']))
  const { ports } = memoryFiles({ [path]: child, '/lib/Base.vmdk': base })
  const { links, problems } = await inspectChain(path, ports)
  expect(links.map(({ link }) => link.path)).toEqual([path, '/lib/Base.vmdk'])
  expect(problems).toEqual([expect.objectContaining({ id: 'other-name-taken', severity: 'info' })])
  const two = memoryFiles({ [path]: child, '/lib/Base.vmdk': base, '/lib/base.vmdk': base })
  const { problems: missing } = await inspectChain(path, two.ports)
  expect(missing).toEqual([expect.objectContaining({ id: 'parent-missing' })])
})
