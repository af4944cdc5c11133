const firstSyllable = 0xac00
const lastSyllable = 0xd7a3

/**
 * Text in code page 949 (Unified Hangul Code): EUC-KR with the syllables that it lacks, in the order of Unicode, where
 * EUC-KR has no characters. Some platforms call only EUC-KR by that name. Throws a `TypeError` for bytes that are neither.
 */
export function decodeKorean(bytes: Uint8Array): string {
  const decoder = new TextDecoder('euc-kr', { fatal: true })
  const decode: Decode = (pair) => decoder.decode(pair)
  let added: readonly string[] | null = null
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] ?? 0
    if (lead < 0x80) {
      text += String.fromCharCode(lead)
      at += 1
      continue
    }
    const index = placeOf(lead, bytes[at + 1] ?? 0)
    added ??= index === null ? added : syllablesBesides(decode)
    const syllable = index === null ? decode(bytes.subarray(at, at + 2)) : added?.[index]
    if (syllable === undefined) throw new TypeError(`no character at byte ${at}`)
    text += syllable
    at += 2
  }
  return text
}

type Decode = (pair: Uint8Array) => string

/** Which of the added syllables two bytes are; null for those of EUC-KR. */
function placeOf(lead: number, trail: number): number | null {
  const column = columnOf(trail)
  if (column === null || lead < 0x81 || lead > 0xc6) return null
  // Rows up to A0 are wholly theirs; in those behind, EUC-KR has the columns from A1 on.
  if (lead <= 0xa0) return (lead - 0x81) * 178 + column
  return trail > 0xa0 ? null : 0x20 * 178 + (lead - 0xa1) * 84 + column
}

function columnOf(trail: number): number | null {
  if (trail >= 0x41 && trail <= 0x5a) return trail - 0x41
  if (trail >= 0x61 && trail <= 0x7a) return trail - 0x61 + 26
  return trail >= 0x81 && trail <= 0xfe ? trail - 0x81 + 52 : null
}

/** All syllables that EUC-KR (rows B0 to C8) has not, in order. */
function syllablesBesides(decode: Decode): readonly string[] {
  const known = new Set<string>()
  for (let lead = 0xb0; lead <= 0xc8; lead += 1)
    for (let trail = 0xa1; trail <= 0xfe; trail += 1) known.add(decode(Uint8Array.of(lead, trail)))
  const others: string[] = []
  for (let code = firstSyllable; code <= lastSyllable; code += 1) {
    const syllable = String.fromCharCode(code)
    if (!known.has(syllable)) others.push(syllable)
  }
  return others
}
