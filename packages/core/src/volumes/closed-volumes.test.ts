import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseGuid } from '../binary/uuid.ts'
import { readGuestContents } from '../scan/read-guest.ts'
import { gptPatches, mbrSector } from '../testing/gpt-builder.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'

const mib = 1024 * 1024
const size = 64 * mib
const guid = '11223344-5566-7788-99AA-BBCCDDEEFF00'
const other = '00112233-4455-6677-8899-AABBCCDDEEFF'

const text = (at: number, value: string): Patch => ({ at, bytes: new TextEncoder().encode(value) })
const guestOf = (patches: readonly Patch[]) => readGuestContents(sparseDisk(size, patches))

function bytesAt(at: number, length: number, fill: (view: DataView, bytes: Uint8Array) => void): Patch {
  const bytes = new Uint8Array(length)
  fill(new DataView(bytes.buffer), bytes)
  return { at, bytes }
}

describe('BitLocker', () => {
  const metadataAt = 2 * mib
  const bootSector = bytesAt(0, 512, (view, bytes) => {
    bytes.set(new TextEncoder().encode('-FVE-FS-'), 3)
    view.setBigUint64(176, BigInt(metadataAt), true)
  })
  const metadata = (protections: readonly number[], change?: (view: DataView) => void) =>
    bytesAt(metadataAt, 4096, (view, bytes) => {
      bytes.set(new TextEncoder().encode('-FVE-FS-'))
      view.setUint16(10, 2, true)
      view.setUint32(72, 48, true)
      bytes.set(parseGuid(guid), 80)
      view.setUint32(100, 0x8004, true)
      let at = 112
      for (const protection of protections) {
        view.setUint16(at, 40, true)
        view.setUint16(at + 2, 2, true)
        view.setUint16(at + 34, protection, true)
        at += 40
      }
      view.setUint16(at, 16, true)
      view.setUint16(at + 2, 7, true)
      for (let i = 0; i < 4; i += 1) view.setUint16(at + 8 + 2 * i, 'Disk'.charCodeAt(i), true)
      view.setUint32(64, at + 16 - 64, true)
      change?.(view)
    })

  test('version, method, identity, and what opens it', async () => {
    const { volumes } = await guestOf([bootSector, metadata([0x100, 0x800])])
    expect(volumes).toMatchObject([
      {
        type: 'bitlocker',
        sure: 'consistent',
        uuid: guid,
        label: 'Disk',
        notes: ['AES-XTS 128-bit, version 2', 'opened by TPM, recovery password'],
      },
    ])
  })

  test('suspended protection is said', async () => {
    const { volumes } = await guestOf([bootSector, metadata([0])])
    expect(volumes[0]?.notes).toContain('its protection is suspended: the key lies in the clear')
  })

  test.each<[string, (view: DataView) => void]>([
    ['another version', (view) => view.setUint16(10, 1, true)],
    ['another signature', (view) => view.setUint16(0, 0, true)],
    ['too much metadata', (view) => view.setUint32(64, 2 ** 31, true)],
  ])('%s: its name alone', async (_, change) => {
    const { volumes } = await guestOf([bootSector, metadata([0x100], change)])
    expect(volumes).toMatchObject([{ type: 'bitlocker', sure: 'signature', uuid: null, notes: [] }])
  })

  test('random metadata never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const { volumes } = await guestOf([bootSector, metadata([0x100]), { at: metadataAt + 16, bytes }])
        expect(volumes).toHaveLength(1)
      }),
    )
  })
})

describe('volumes of Windows that span disks', () => {
  test.each([0, 4096])('Storage Spaces with its database at %d', async (at) => {
    const spaces = 'E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D'
    const header = bytesAt(mib + at, 512, (view, bytes) => {
      bytes.set(new TextEncoder().encode('SPACEDB '))
      view.setUint16(8, 4, true)
      bytes.set(parseGuid(guid), 64)
      bytes.set(parseGuid(other), 80)
    })
    const table = gptPatches([{ type: spaces, firstSector: 2048, lastSector: 99_999 }], { size })
    const { volumes } = await guestOf([...table, header])
    expect(volumes).toMatchObject([
      { type: 'storage-spaces', group: guid, uuid: other, notes: ['its database was found'] },
    ])
  })

  const privateHeader = (at: number) =>
    bytesAt(at, 512, (view, bytes) => {
      bytes.set(new TextEncoder().encode('PRIVHEAD'))
      view.setUint16(12, 2)
      view.setUint16(14, 12)
      bytes.set(new TextEncoder().encode(guid.toLowerCase()), 0x30)
      bytes.set(new TextEncoder().encode('Dg0'), 0xf0)
      view.setBigUint64(0x12b, 60_000n)
      view.setBigUint64(0x133, 2048n)
    })

  test('a dynamic disk with an MBR', async () => {
    const table = { at: 0, bytes: mbrSector([{ type: 0x42, firstSector: 63, sectors: 50_000 }]) }
    const { volumes } = await guestOf([table, privateHeader(6 * 512), text(60_000 * 512, 'TOCBLOCK')])
    expect(volumes).toMatchObject([
      { type: 'ldm', group: 'Dg0', uuid: guid.toLowerCase(), notes: ['database version 2.12 was found'] },
    ])
  })

  test('a dynamic disk with a GPT, whose database is gone', async () => {
    const ldm = '5808C8AA-7E8F-42E0-85D2-E1E90434CFB3'
    const table = gptPatches([{ type: ldm, firstSector: 2048, lastSector: 4095 }], { size })
    const { volumes } = await guestOf([...table, privateHeader(4095 * 512)])
    expect(volumes).toMatchObject([
      { type: 'ldm', group: 'Dg0', notes: ['database version 2.12, at sector 60000'] },
    ])
  })
})

test.each([
  [4096, { at: 2 * mib, isDynamic: true }],
  [0, undefined],
  [2 ** 30, undefined],
])('what is inside LUKS1 that begins at sector %d', async (sector, payload) => {
  const header = bytesAt(0, 512, (view, bytes) => {
    bytes.set([0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe, 0, 1])
    view.setUint32(104, sector)
  })
  expect((await guestOf([header])).volumes[0]?.payload).toEqual(payload)
})

describe('LUKS2', () => {
  const luks2 = (json: string): Patch[] => [
    bytesAt(0, 512, (view, bytes) => {
      bytes.set([0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe, 0, 2])
      view.setBigUint64(8, 16_384n)
    }),
    text(4096, json),
  ]

  test('cipher, sectors, keyslots, tokens', async () => {
    const json = {
      segments: { 0: { encryption: 'aes-xts-plain64', sector_size: 4096 } },
      keyslots: { 0: { kdf: { type: 'argon2id' } }, 1: { kdf: { type: 'pbkdf2' } } },
      tokens: { 0: { type: 'systemd-tpm2' } },
    }
    const { volumes } = await guestOf(luks2(JSON.stringify(json)))
    expect(volumes[0]?.notes).toEqual([
      'aes-xts-plain64, 4096 B sectors',
      '2 keyslots (argon2id, pbkdf2)',
      'also opened by systemd-tpm2',
    ])
  })

  const plain = { type: 'crypt', offset: '16777216', size: 'dynamic', encryption: 'aes-xts-plain64' }

  test.each<[string, object, object | undefined]>([
    ['to its end', { segments: { 0: plain } }, { at: 16 * mib, isDynamic: true }],
    [
      'of a fixed size',
      { segments: { 0: { ...plain, size: '1048576' } } },
      { at: 16 * mib, isDynamic: false },
    ],
    ['with integrity tags', { segments: { 0: { ...plain, integrity: { type: 'hmac' } } } }, undefined],
    ['in two segments', { segments: { 0: plain, 1: plain } }, undefined],
    [
      'while it is encrypted anew',
      { segments: { 0: plain }, config: { requirements: { mandatory: ['online-reencrypt'] } } },
      undefined,
    ],
    ['of a flagged segment', { segments: { 0: { ...plain, flags: ['in-reencryption'] } } }, undefined],
    ['not encrypted', { segments: { 0: { ...plain, type: 'linear' } } }, undefined],
    ['behind its end', { segments: { 0: { ...plain, offset: String(size) } } }, undefined],
    ['at half a sector', { segments: { 0: { ...plain, offset: '16777217' } } }, undefined],
    ['at no number', { segments: { 0: { ...plain, offset: '9'.repeat(17) } } }, undefined],
    ['of no number', { segments: { 0: { ...plain, size: 'all' } } }, undefined],
  ])('what is inside: %s', async (_name, json, payload) => {
    expect((await guestOf(luks2(JSON.stringify(json)))).volumes[0]?.payload).toEqual(payload)
  })

  test.each(['{', '[]', 'null', '{"segments":{"0":{"encryption":7}}}'])('%s is damaged', async (json) => {
    expect((await guestOf(luks2(json))).volumes).toMatchObject([{ type: 'luks2', sure: 'damaged' }])
  })
})

describe('an MBR with sectors of 4,096 bytes', () => {
  const table = { at: 0, bytes: mbrSector([{ type: 0x82, firstSector: 256, sectors: 4096 }]) }

  test('is seen by what lies in its partitions', async () => {
    const swap = [
      bytesAt(mib + 1024, 8, (view) => {
        view.setUint32(0, 1, true)
        view.setUint32(4, 4095, true)
      }),
      text(mib + 4086, 'SWAPSPACE2'),
    ]
    const { table: found, filesystems, problems } = await guestOf([table, ...swap])
    expect(found).toMatchObject({
      kind: 'mbr',
      sectorSize: 4096,
      partitions: [{ start: mib, length: 16 * mib }],
    })
    expect(filesystems).toMatchObject([{ type: 'swap', start: mib }])
    expect(problems).toEqual([])
  })

  test('is not assumed where nothing tells', async () => {
    const { table: found } = await guestOf([table])
    expect(found).toMatchObject({ sectorSize: 512, partitions: [{ start: 256 * 512, length: 4096 * 512 }] })
  })
})
