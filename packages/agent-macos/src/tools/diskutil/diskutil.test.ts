import { describe, expect, test } from 'vitest'
import { mainDiskOf, mountsOf } from '../../host/shown-disk.ts'
import { plistText } from '../../testing/plist-text.ts'
import { hasSamples, said, sample } from '../../testing/samples.ts'
import { parseInfo } from '../hdiutil/output.ts'
import {
  apfsListCommand,
  attachImageCommand,
  diskInfoCommand,
  hasImagesCommand,
  imageInfoCommand,
  listCommand,
  mountCommand,
  unmountCommand,
} from './commands.ts'
import { parseApfsList, parseDiskImageInfo, parseDiskInfo, parseDiskList } from './output.ts'

const image = '/Users/me/a b.asif'

describe('what diskutil is called with', () => {
  test.each<[string, { readonly args: readonly string[] }]>([
    ['list', listCommand()],
    ['info', diskInfoCommand('/dev/disk4s1')],
    ['apfs list', apfsListCommand()],
    ['whether it has images', hasImagesCommand()],
    ['image info', imageInfoCommand(image)],
    ['image attach', attachImageCommand({ image, isReadOnly: true, isEncrypted: false })],
    ['image attach for writing', attachImageCommand({ image, isReadOnly: false, isEncrypted: true })],
    ['mount', mountCommand({ device: '/dev/disk5s1', folder: '/mnt', isReadOnly: true })],
    ['mount for writing', mountCommand({ device: '/dev/disk5s1', folder: '/mnt', isReadOnly: false })],
    ['unmount', unmountCommand('/mnt')],
  ])('%s', (_name, { args }) => {
    expect(args).toMatchSnapshot()
  })
})

describe.skipIf(!hasSamples())('what real Macs said', () => {
  test.each(['diskutil-list-intel-apfs.plist', 'diskutil-list-physical-applesilicon.plist'])('%s', (name) => {
    expect(parseDiskList(said(sample(name)))).toMatchSnapshot()
  })

  test('the volume of the root, whose own sizes say nothing', () => {
    expect(parseDiskInfo(said(sample('diskutil-info-apfs-root.plist')), '/dev/disk1s5')).toMatchSnapshot()
  })

  test('the containers of APFS with the roles of their volumes', () => {
    expect(parseApfsList(said(sample('diskutil-apfs-list.plist')))).toMatchSnapshot()
  })

  test('an ASIF image', () => {
    const told = parseDiskImageInfo(said(sample('diskutil-image-info-asif.plist')), image)
    expect(told).toEqual({ format: 'ASIF', size: 2_000_003_072 })
  })

  test('the disk of each image is told from the container that came with it', () => {
    const images = parseInfo(said(sample('hdiutil-info-3images.plist')))
    expect(images.map((one) => mainDiskOf(one, []))).toEqual(['/dev/disk4', '/dev/disk6', expect.any(String)])
    const [, second] = images
    expect(second && mountsOf('/dev/disk6', second, [])).toEqual([
      { device: '/dev/disk9s1', folder: '/Volumes/bladerunner-demo' },
    ])
  })
})

describe('what is damaged', () => {
  test.each<[string, (text: string) => unknown]>([
    ['list', (text) => parseDiskList(said(text))],
    ['info', (text) => parseDiskInfo(said(text), '/dev/disk1')],
    ['apfs list', (text) => parseApfsList(said(text))],
    ['image info', (text) => parseDiskImageInfo(said(text), image)],
  ])('%s: nothing, an empty list, and one that is cut short are coded errors', (_name, parse) => {
    for (const text of ['', plistText({}), plistText({ Size: 'x' }).slice(0, 250)])
      expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'DiskError', code: 'tool-failed' }))
  })

  test('parts without a name or a size are passed over, negative sizes too', () => {
    const list = plistText({
      AllDisksAndPartitions: [
        {
          DeviceIdentifier: 'disk1',
          Size: 10,
          Partitions: [{ DeviceIdentifier: 'disk1s1' }, 'x', { Size: 1 }],
        },
        { DeviceIdentifier: '../disk2', Size: 10 },
        { DeviceIdentifier: 'disk3', Size: -1 },
      ],
    })
    expect(parseDiskList(said(list))).toMatchObject([{ device: '/dev/disk1', partitions: [] }])
  })

  test('a disk that is not there, a macOS without images, and a mount that fails', () => {
    expect(diskInfoCommand('/dev/disk9').parse(said(plistText({ Error: true }), { exitCode: 1 }))).toBeNull()
    expect([0, 1, 64].map((exitCode) => hasImagesCommand().parse(said('', { exitCode })))).toEqual([
      true,
      false,
      false,
    ])
    const { parse } = mountCommand({ device: '/dev/disk5s1', folder: '/mnt', isReadOnly: true })
    expect(() => parse(said('', { exitCode: 1, stderr: 'Volume failed to mount' }))).toThrow(
      'failed to mount',
    )
    const attach = attachImageCommand({ image, isReadOnly: true, isEncrypted: true })
    expect(() => attach.parse(said('', { exitCode: 1 }))).toThrow(
      expect.objectContaining({ code: 'refused' }),
    )
  })
})
