/** A line of an OVF manifest (DSP0243 clause 6.4): the digest that one file of the package must have. */
export interface ManifestLine {
  /** As written: `SHA256`, `SHA1`, … */
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
    lines.push({ algorithm: algorithm.toUpperCase(), name, digest: digest.toLowerCase() })
  }
  return lines
}

/** A manifest of SHA-256 digests. */
export function manifestText(lines: readonly { readonly name: string; readonly sha256: string }[]): string {
  return lines.map(({ name, sha256 }) => `SHA256(${name})= ${sha256}\n`).join('')
}
