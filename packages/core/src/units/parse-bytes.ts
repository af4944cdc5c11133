const unitsByLetter: Readonly<Record<string, number>> = {
  '': 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  P: 1024 ** 5,
}

/**
 * A size that somebody wrote: bytes, or in units of 1024 as `40G`, `512MiB`, `1.5T`; null when it is none. What is no
 * whole sector of 512 bytes because of its fraction is the next one. `GB`, which is two sizes, is none.
 */
export function parseBytes(text: string): number | null {
  const found = /^(\d{1,16})(?:\.(\d{1,9}))?(?:([KMGTP])(?:iB)?)?$/iu.exec(text)
  if (!found) return null
  const [, whole = '', fraction = '', letter = ''] = found
  const unit = unitsByLetter[letter.toUpperCase()]
  if (unit === undefined || (fraction !== '' && unit === 1)) return null
  const scale = 10n ** BigInt(fraction.length)
  const scaled = BigInt(whole + fraction) * BigInt(unit)
  const bytes = scaled % scale === 0n ? scaled / scale : nextSector(scaled / scale)
  return bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : null
}

function nextSector(bytes: bigint): bigint {
  return (bytes / 512n + 1n) * 512n
}
