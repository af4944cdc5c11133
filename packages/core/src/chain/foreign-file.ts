import { readRange, type ByteSource } from '../binary/byte-source.ts'
import { toHex } from '../binary/hex.ts'
import { readFileEnds, recogniseFormat } from '../image/detect-format.ts'
import { formatRules } from '../image/format-rules.ts'
import { describeLostHeader } from '../image/lost-header.ts'
import { packingRules, recognisePacking } from '../image/packing.ts'
import { findTrailer } from '../formats/udif/find-trailer.ts'

/** Marks of files that are no disks: where they stand, in hexadecimal, and what has them. */
const marks: readonly (readonly [at: number, bytes: string, what: string])[] = [
  [0, '377abcaf271c', 'a 7-Zip archive'],
  [0, '526172211a07', 'a RAR archive'],
  [0, '04224d18', 'a file packed by LZ4'],
  [0, '02214c18', 'a file packed by LZ4'],
  [0, '4c5a4950', 'a file packed by lzip'],
  [0, '894c5a4f000d0a1a0a', 'a file packed by lzop'],
  [0, '5d000080', 'a file packed by LZMA'],
  [0, '5d000004', 'a file packed by LZMA'],
  [0, '1f9d', 'a file packed by compress'],
  [0, '62767832', 'a file packed by LZFSE'],
  [0, '504b0506', 'an empty ZIP archive'],
  [0, '4d534346', 'a Cabinet archive'],
  [0, '78617221', 'a xar archive'],
  [0, '4d5357494d000000', 'a Windows image (WIM)'],
  [0, '564d4100', 'a Proxmox backup (VMA)'],
  [0, '213c617263683e0a', 'a Unix archive or Debian package'],
  [0, 'edabeedb', 'an RPM package'],
  [0, '303730373031', 'a cpio archive'],
  [0, '303730373032', 'a cpio archive'],
  [0, '303730373037', 'a cpio archive'],
  [257, '7573746172', 'a tar archive'],
  [0, '70617274636c6f6e652d696d616765', 'a partclone image'],
  [0, '006e746673636c6f6e652d696d616765', 'an ntfsclone image'],
  [0, '62747266732d73747265616d00', 'a Btrfs send stream'],
  [0, '4c69627669727451656d756453617665', 'the saved state of a libvirt machine'],
  [0, '5145564d', 'the saved state of a QEMU machine'],
  [0, '7f454c46', 'a program (ELF)'],
  [0, 'cffaedfe', 'a program (Mach-O)'],
  [0, 'feedfacf', 'a program (Mach-O)'],
  [0, 'cafebabe', 'a program (Mach-O or Java)'],
  [0, '0061736d', 'a program (WebAssembly)'],
  [0, '2321', 'a script'],
  [0, '255044462d', 'a PDF document'],
  [0, '89504e470d0a1a0a', 'a PNG picture'],
  [0, 'ffd8ff', 'a JPEG picture'],
  [0, '47494638', 'a GIF picture'],
  [0, '53514c69746520666f726d61742033', 'an SQLite database'],
  [0, '72656766', 'a Windows registry hive'],
  [0, 'd0cf11e0a1b11ae1', 'a Microsoft Office or installer file'],
  [0, '62706c697374', 'a property list'],
  [0, '4d52564e', 'the firmware settings of a VMware machine'],
  [0, 'd2bed2be', 'the saved state of a VMware machine'],
]

/**
 * What a file really is that would be read as a raw disk, in words such as `a PDF document`; null when its bytes tell
 * nothing: a disk starts with code, a table or zeros.
 */
export async function describeForeign(source: ByteSource): Promise<string | null> {
  const ends = await readFileEnds(source)
  const { head } = ends
  const format = recogniseFormat(ends)
  if (format) return `an image of the format ${formatRules[format].label}`
  const packing = recognisePacking(head)
  if (packing) return packing === 'zip' ? 'a ZIP archive' : `a file packed by ${packingRules[packing].label}`
  const mark = marks.find(([at, bytes]) => toHex(head.subarray(at, at + bytes.length / 2)) === bytes)
  if (mark) return mark[2]
  if (isWindowsProgram(head)) return 'a program (Windows or DOS)'
  const text = describeText(head)
  if (text) return text
  if ((await findTrailer(source)) !== null) return 'a DMG with bytes behind its trailer'
  return await describeLostHeader(source, head)
}

/** `MZ`, and a place of the newer header that lies inside or is none; boot code starts with a jump. */
function isWindowsProgram(head: Uint8Array): boolean {
  if (head.length < 64 || head[0] !== 0x4d || head[1] !== 0x5a) return false
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const at = view.getUint32(60, true)
  return at + 4 <= head.length && toHex(head.subarray(at, at + 2)) === '5045'
}

const xmlKinds: readonly (readonly [RegExp, string])[] = [
  [/<(?:\w+:)?Envelope[\s>]/u, 'an OVF description'],
  [/<plist[\s>]/u, 'a property list'],
  [/<VirtualBox[\s>]/u, 'the description of a VirtualBox machine'],
  [/<domain[\s>]/u, 'the description of a libvirt machine'],
  [/<html[\s>]/iu, 'a web page'],
]

/** Text has no zeros, and no control characters but white space; UTF-16 starts with its mark. */
function describeText(head: Uint8Array): string | null {
  const start = toHex(head.subarray(0, 3))
  const encoding = start.startsWith('fffe') ? 'utf-16le' : start.startsWith('feff') ? 'utf-16be' : 'utf-8'
  if (encoding === 'utf-8' && !isPlainText(head)) return null
  const text = new TextDecoder(encoding).decode(head)
  if (text.length < 4 || /[\0-\u0008\u000e-\u001a\u001c-\u001f]/u.test(text)) return null
  if (!/^\s*<[?!a-z]/iu.test(text))
    return /^\s*[[{]\s*["\]}[{\d]/u.test(text) ? 'a JSON document' : 'a text file'
  return xmlKinds.find(([pattern]) => pattern.test(text))?.[1] ?? 'an XML document'
}

/** Erased flash (0xFF) and patterns of one byte are no text. */
function isPlainText(head: Uint8Array): boolean {
  return (
    head.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0x1b) &&
    head.some((byte) => byte >= 0x20 && byte < 0x7f) &&
    head.some((byte) => byte !== head[0])
  )
}

/** Bytes read of a disk to see that it is blank, at most. */
const blankLimit = 64 * 1024 ** 2
const pieceSize = 1024 ** 2

/** Whether a file holds zeros only, as far as 64 MiB of its data tell. */
export async function isBlank(source: ByteSource, signal?: AbortSignal): Promise<boolean> {
  let left = blankLimit
  for await (const { start, length, content } of source.extents({ start: 0, end: source.size })) {
    if (content !== 'data') continue
    for (let at = start; at < start + length && left > 0; at += pieceSize) {
      signal?.throwIfAborted()
      const bytes = await readRange(source, { start: at, end: Math.min(start + length, at + pieceSize) })
      if (bytes.some((byte) => byte !== 0)) return false
      left -= bytes.length
    }
    if (left <= 0) return true
  }
  return true
}
