import { toHex } from '../binary/hex.ts'

/** Ways to pack one file that are unpacked to read the image inside. */
export const packingNames = ['gzip', 'xz', 'zstd', 'bzip2', 'zip'] as const
export type PackingName = (typeof packingNames)[number]

interface PackingRules {
  readonly label: string
  /** Lower case, with the dot. */
  readonly endings: readonly string[]
  /** Hexadecimal, at byte 0. */
  readonly magics: readonly string[]
}

export const packingRules: Readonly<Record<PackingName, PackingRules>> = {
  gzip: { label: 'gzip', endings: ['.gz', '.gzip'], magics: ['1f8b08'] },
  xz: { label: 'xz', endings: ['.xz'], magics: ['fd377a585a00'] },
  zstd: { label: 'Zstandard', endings: ['.zst', '.zstd'], magics: ['28b52ffd'] },
  bzip2: {
    label: 'bzip2',
    endings: ['.bz2', '.bz'],
    // The nine sizes of a block, then the mark of a block, or of the end of a file of nothing.
    magics: Array.from({ length: 9 }, (_, size) => `425a68${(0x31 + size).toString(16)}`).flatMap((start) => [
      `${start}314159265359`,
      `${start}177245385090`,
    ]),
  },
  zip: { label: 'ZIP', endings: ['.zip'], magics: ['504b0304'] },
}

/** How the bytes at the start of a file are packed, or null when they are not. */
export function recognisePacking(head: Uint8Array): PackingName | null {
  const start = toHex(head.subarray(0, 10))
  const found = packingNames.find((name) =>
    packingRules[name].magics.some((magic) => start.startsWith(magic)),
  )
  return found ?? (isZstdBehindSkipped(head) ? 'zstd' : null)
}

/** Zstandard may start with a frame to be skipped: four bytes `5x 2a 4d 18`, its length, and its content (RFC 8878, 3.1.2). */
function isZstdBehindSkipped(head: Uint8Array): boolean {
  if (head.length < 12) return false
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const next = 8 + view.getUint32(4, true)
  const isSkipped = (view.getUint32(0, true) & 0xffff_fff0) === 0x184d_2a50
  return isSkipped && next + 4 <= head.length && view.getUint32(next, true) === 0xfd2f_b528
}

/** The name that a packed file has inside: without the ending of its packing. */
export function innerName(name: string, packing: PackingName): string {
  const lower = name.toLowerCase()
  const ending = packingRules[packing].endings.find((each) => lower.endsWith(each))
  return ending === undefined ? name : name.slice(0, -ending.length)
}
