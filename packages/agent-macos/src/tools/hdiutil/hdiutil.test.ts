import { describe, expect, test } from 'vitest'
import { hasSamples, said, sample } from '../../testing/samples.ts'
import { plistText, type Plain } from '../../testing/plist-text.ts'
import { complaints, errorNumber } from '../plist-output.ts'
import {
  attachCommand,
  detachCommand,
  imageInfoCommand,
  infoCommand,
  isEncryptedCommand,
  type Attaching,
} from './commands.ts'
import { parseAttached, parseImageInfo, parseInfo } from './output.ts'

const image = "/Users/me/it's 磁盘.raw"
const plain: Attaching = { image, isRaw: false, isReadOnly: true, shadow: null, isEncrypted: false }

describe('what hdiutil is called with', () => {
  test.each<[string, { readonly args: readonly string[] }]>([
    ['info', infoCommand()],
    ['imageinfo', imageInfoCommand(image)],
    ['isencrypted', isEncryptedCommand(image)],
    ['attach', attachCommand(plain)],
    ['attach a raw image', attachCommand({ ...plain, isRaw: true })],
    ['attach a raw image of large sectors', attachCommand({ ...plain, isRaw: true, sectorSize: 4096 })],
    ['attach for writing', attachCommand({ ...plain, isReadOnly: false })],
    ['attach an encrypted image', attachCommand({ ...plain, isEncrypted: true })],
    ['attach over a shadow file', attachCommand({ ...plain, shadow: '/state/a.shadow' })],
    ['detach', detachCommand('/dev/disk4', false)],
    ['detach by force', detachCommand('/dev/disk4', true)],
  ])('%s', (_name, { args }) => {
    expect(args).toMatchSnapshot()
  })
})

describe.skipIf(!hasSamples())('what real Macs said', () => {
  test('info with three images, one of them an APFS container', () => {
    expect(parseInfo(said(sample('hdiutil-info-3images.plist')))).toMatchSnapshot()
  })

  test('info with nothing attached, new and old', () => {
    const text = sample('hdiutil-info-empty.plist')
    expect(parseInfo(said(text))).toEqual([])
    expect(parseInfo(said(text.replace('<dict>', '<dict><key>images</key><array/>')))).toEqual([])
  })

  test('attach of an image with an Apple partition map', () => {
    const about = { tool: 'hdiutil', file: image } as const
    expect(parseAttached(said(sample('hdiutil-attach-udif-apm.plist')), about)).toMatchSnapshot()
  })

  test('attach by diskutil, whose devices have no folder', () => {
    const about = { tool: 'diskutil', file: image } as const
    const text = sample('diskutil-image-attach-plist-nomount.plist')
    expect(parseAttached(said(text), about).map(({ device }) => device)).toMatchSnapshot()
  })

  test('each error by its number, in any language', () => {
    const lines = sample('hdiutil-errors.txt').trim().split('\n')
    const told = lines.map((stderr) => errorNumber(said('', { exitCode: 1, stderr })))
    expect(told.filter((number) => number !== 1)).toEqual([35, 35, 6])
  })
})

test('licences, bars and warnings before the list are passed over', () => {
  const list = plistText({ 'system-entities': [{ 'dev-entry': '/dev/disk4' }] })
  const about = { tool: 'hdiutil', file: image } as const
  const text = `LICENSE <b>agree?</b>\nExpanding…\r............\n${list}\nmore`
  expect(parseAttached(said(text), about)).toMatchObject([{ device: '/dev/disk4' }])
  const stderr = "hdiutil: WARNING: 'hdiutil attach' is deprecated.\nhdiutil: attach failed - 资源忙\n"
  expect(complaints(said('', { stderr }))).toBe('hdiutil: attach failed - 资源忙')
})

test('imageinfo: what it tells of size, kind and licence, and what it does not', () => {
  const told = parseImageInfo(
    said(
      plistText({
        Format: 'UDZO',
        'Class Name': 'CUDIFDiskImage',
        'Size Information': { 'Total Bytes': 2_590_720, 'Sector Count': 5060 },
        Properties: { Encrypted: false, 'Software License Agreement': true },
        partitions: {
          'block-size': 512,
          partitions: [
            { 'partition-name': 'GPT Header', 'partition-start': 1, 'partition-length': 1 },
            { 'partition-name': 'without a place' },
          ],
        },
      }),
    ),
    image,
  )
  expect(told).toMatchSnapshot()
  expect(parseImageInfo(said(plistText({ Format: 7 })), image)).toMatchObject({
    format: null,
    size: null,
    partitions: [],
  })
})

describe('what is damaged or hostile', () => {
  const images = (one: Plain) => plistText({ images: [one] })
  const entity = { 'dev-entry': '/dev/disk4' }

  test.each<[string, string | Uint8Array, number]>([
    ['an image without a path', images({ 'system-entities': [entity] }), 0],
    ['an image without disks', images({ 'image-path': '/a' }), 0],
    [
      'devices that are none',
      images({ 'image-path': '/a', 'system-entities': [{ 'dev-entry': '-force' }] }),
      0,
    ],
    ['an image that is no dictionary', images('a'), 0],
    [
      'wrong types beside what counts',
      images({ 'image-path': '/a', blockcount: 'x', writeable: 'no', 'system-entities': [entity] }),
      1,
    ],
    [
      'a size that no disk has',
      images({ 'image-path': '/a', blockcount: 2 ** 52, blocksize: 512, 'system-entities': [entity] }),
      1,
    ],
  ])('%s', (_name, text, count) => {
    expect(parseInfo(said(text))).toHaveLength(count)
  })

  const whole = plistText({ images: [{ 'image-path': '/a', 'system-entities': [entity] }] })
  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'tool-failed'],
    ['text alone', 'hdiutil: no plist for you', 'tool-failed'],
    ['a list that is cut short', whole.slice(0, -10), 'tool-failed'],
    ['images that are no array', plistText({ images: 'none' }), 'tool-failed'],
    ['XML of another kind', '<?xml version="1.0"?><html></html>', 'tool-failed'],
    [
      'a list that is too large',
      `<?xml version="1.0"?>${' '.repeat(17 * 1024 ** 2)}</plist>`,
      'limit-exceeded',
    ],
    ['bytes that are no text', Uint8Array.from([...Buffer.from('<?xml '), 0xff, 0xfe, 0]), 'tool-failed'],
  ])('%s is a coded error', (_name, text, code) => {
    expect(() => parseInfo(said(text))).toThrow(expect.objectContaining({ name: 'DiskError', code }))
  })

  test.each([
    [2, 'not-found'],
    [16, 'in-use'],
    [35, 'in-use'],
    [1, 'tool-failed'],
    [6, 'tool-failed'],
    [255, 'tool-failed'],
  ])('an attach that ends with %d', (exitCode, code) => {
    const { parse } = attachCommand(plain)
    expect(() => parse(said('', { exitCode, stderr: 'hdiutil: 失败' }))).toThrow(
      expect.objectContaining({ code }),
    )
  })

  test('a passphrase that opens nothing, by number or by nothing better', () => {
    for (const exitCode of [1, 80])
      expect(() => attachCommand({ ...plain, isEncrypted: true }).parse(said('', { exitCode }))).toThrow(
        expect.objectContaining({ code: 'refused' }),
      )
    expect(() => isEncryptedCommand(image).parse(said(plistText({ encrypted: 'yes' })))).toThrow(
      'does not say',
    )
    expect(isEncryptedCommand(image).parse(said(plistText({ encrypted: true })))).toBe(true)
  })

  test('a detach that is busy is no failure yet, and one of a disk that is gone is done', () => {
    const { parse } = detachCommand('/dev/disk4', false)
    expect([16, 35, 2, 6, 0].map((exitCode) => parse(said('', { exitCode })))).toEqual([
      'busy',
      'busy',
      'gone',
      'gone',
      'gone',
    ])
    expect(() => parse(said('', { exitCode: 5 }))).toThrow(expect.objectContaining({ code: 'tool-failed' }))
  })
})
