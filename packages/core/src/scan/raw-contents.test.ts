import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../testing/memory-files.ts'
import { inspectImage } from '../layers/inspect-image.ts'

const noise = Uint8Array.from(
  { length: 300_000 },
  (_, at) => (Math.imul(at + 7, 2_654_435_761) >>> 13) & 0xff,
)
const starting = (start: Uint8Array | string, length = 8192) => {
  const bytes = Uint8Array.from({ length }, (_, at) => noise[at] ?? 0)
  bytes.set(typeof start === 'string' ? Buffer.from(start, 'hex') : start)
  return bytes
}

async function findings(bytes: Uint8Array, { name = '/a.img', said = false } = {}) {
  const { ports } = memoryFiles({ [name]: bytes })
  const { problems, format } = await inspectImage(name, ports, { map: false, format: said ? 'raw' : null })
  expect(format).toBe('raw')
  return problems.map(({ id, severity, asks, message }) => ({ id, severity, asks, message }))
}

describe('a raw file in which nothing is recognised', () => {
  test.each([
    ['a 7-Zip archive', '377abcaf271c'],
    ['a RAR archive', '526172211a0700'],
    ['LZ4', '04224d18'],
    ['a PDF document', '255044462d312e37'],
    ['a program (ELF)', '7f454c460201'],
    ['a script', '23212f62696e2f7368'],
    ['a Proxmox backup (VMA)', '564d4100'],
    ['an SQLite database', '53514c69746520666f726d61742033'],
  ])('is named as %s, and asks', async (what, start) => {
    for (const said of [false, true]) {
      for (const name of ['/a.img', '/a', '/a.dd']) {
        const [found, ...others] = await findings(starting(start), { name, said })
        expect(others).toEqual([])
        expect(found).toMatchObject({ id: 'foreign-file', severity: 'warn', asks: true })
        expect(found?.message).toContain(what)
      }
    }
  })

  test.each([
    ['a text file', 'This is a note.\nIt has lines.\n'.repeat(40)],
    ['a JSON document', '{"disk": [1, 2, 3]}'.padEnd(600)],
    ['a property list', '<?xml version="1.0"?>\n<plist version="1.0"><dict/></plist>'.padEnd(600)],
    ['a web page', '<!DOCTYPE html><html><body>404</body></html>'.padEnd(600)],
    ['the description of a libvirt machine', '<domain type="kvm"></domain>'.padEnd(600)],
  ])('is named as %s', async (what, text) => {
    const utf8 = new TextEncoder().encode(text)
    const utf16 = new Uint8Array(Buffer.from(`\u{FEFF}${text}`, 'utf16le'))
    for (const bytes of [utf8, utf16]) {
      const [found] = await findings(bytes)
      expect(found).toMatchObject({ id: 'foreign-file', asks: true })
      expect(found?.message).toContain(what)
    }
  })

  test.each([0xff, 0xf6, 0x61])('that holds one byte, %i, all over is no text', async (byte) => {
    expect(await findings(new Uint8Array(65_536).fill(byte))).toMatchObject([{ id: 'raw-unrecognised' }])
  })

  test('packed bytes that raw was said for ask too', async () => {
    const [found] = await findings(new Uint8Array(gzipSync(noise)), { said: true })
    expect(found).toMatchObject({ id: 'foreign-file', asks: true })
    expect(found?.message).toContain('packed by gzip')
  })

  test('a qcow2 without its magic is told by the rest of its header', async () => {
    const bytes = new Uint8Array(512 * 1024)
    const view = new DataView(bytes.buffer)
    view.setUint32(4, 3)
    view.setUint32(20, 16)
    view.setBigUint64(24, 64n * 1024n * 1024n)
    view.setBigUint64(40, 0x3_0000n)
    view.setBigUint64(48, 0x1_0000n)
    view.setUint32(100, 112)
    const [found] = await findings(bytes)
    expect(found?.message).toContain('a QCOW2 image that lost its magic')
  })

  test('that is blank is said, and asks nothing', async () => {
    expect(await findings(new Uint8Array(5 * 1024 ** 2))).toMatchObject([
      { id: 'raw-blank', severity: 'info', asks: undefined },
    ])
  })

  test('asks, unless raw was said', async () => {
    expect(await findings(noise)).toMatchObject([{ id: 'raw-unrecognised', severity: 'warn', asks: true }])
    expect(await findings(noise, { said: true })).toMatchObject([
      { id: 'raw-unrecognised', severity: 'warn', asks: undefined },
    ])
  })

  test('a disk with a table is none of this, whatever stands in its first bytes', async () => {
    const bytes = starting('4d5a', 4 * 1024 ** 2)
    bytes.fill(0, 440, 512)
    bytes[446 + 4] = 0x83
    new DataView(bytes.buffer).setUint32(446 + 8, 64, true)
    new DataView(bytes.buffer).setUint32(446 + 12, 1000, true)
    bytes.set([0x55, 0xaa], 510)
    expect((await findings(bytes)).map(({ id }) => id)).not.toContain('raw-unrecognised')
    expect((await findings(bytes)).map(({ id }) => id)).not.toContain('foreign-file')
  })
})
