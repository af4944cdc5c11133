/** A line of an OVF manifest (DSP0243 clause 6.4): the digest that one file of the package must have. */
export interface ManifestLine {
  /** `SHA256`, `SHA1`, …, however it is spelt. */
  readonly algorithm: string
  readonly name: string
  readonly digest: string
}

const line = /^\s*([A-Z0-9-]{1,16})\s*\(([^\r\n]{1,1024}?)\)\s*=\s*([0-9a-f]{32,128})\s*$/iu

/** The lines of a manifest, or null when one of them cannot be understood. */
export function parseManifest(text: string): readonly ManifestLine[] | null {
  const lines: ManifestLine[] = []
  for (const row of text.split(/\r?\n/u)) {
    if (row.trim() === '') continue
    const [, algorithm, name, digest] = line.exec(row) ?? []
    if (!algorithm || !name || !digest) return null
    lines.push({ algorithm: algorithmName(algorithm), name, digest: digest.toLowerCase() })
  }
  return lines
}

/** `SHA256` for `sha256`, `SHA-256` and `SHA2-256`, as programs spell it. */
function algorithmName(word: string): string {
  const [, bits] = /^SHA-?(?:2-)?(1|224|256|384|512)$/u.exec(word.toUpperCase()) ?? []
  return bits === undefined ? word.toUpperCase() : `SHA${bits}`
}

/** A manifest of SHA-256 digests. */
export function manifestText(lines: readonly { readonly name: string; readonly sha256: string }[]): string {
  return lines.map(({ name, sha256 }) => `SHA256(${name})= ${sha256}\n`).join('')
}
