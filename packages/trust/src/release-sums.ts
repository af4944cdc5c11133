import { createPublicKey, verify, type KeyObject } from 'node:crypto'

/** Why a release is not served, in half a sentence for people. */
export class ReleaseFault extends Error {
  override readonly name = 'ReleaseFault'
}

/** A line of `SHA256SUMS`. */
export interface SignedFile {
  readonly name: string
  readonly sum: string
  readonly version: string
}

/** A file that is served, as it was when its sum was proven. */
export interface ReleaseFile {
  readonly name: string
  readonly sum: string
  readonly size: number
}

/** Names of the files that say what a release is. */
export const sumsName = 'SHA256SUMS'
export const signatureName = 'SHA256SUMS.sig'
export const mostSumsBytes = 64 * 1024
export const mostSignatureBytes = 16 * 1024

const line = /^(?<sum>[0-9a-f]{64}) {2}(?<name>[\w.+-]{1,120})$/u
const version = String.raw`(?<version>\d{1,5}\.\d{1,5}\.\d{1,5}(?:-[0-9A-Za-z.]{1,40})?)`
/** The names that `npm run release` gives. */
const forms = [
  new RegExp(
    String.raw`^varve-${version}-(?:linux|windows|darwin)-(?:x64|arm64)\.(?:tar\.gz|cdx\.json)$`,
    'u',
  ),
  new RegExp(String.raw`^varve_${version}_(?:amd64|arm64)\.deb$`, 'u'),
  new RegExp(String.raw`^varve-${version}-1\.(?:x86_64|aarch64)\.rpm$`, 'u'),
  new RegExp(String.raw`^varve-${version}\.Containerfile$`, 'u'),
]
const mostFiles = 64

/**
 * The files of one release; those of a kind that only later versions know are passed over. Throws `ReleaseFault` for a line that is
 * none, and for files of two versions.
 */
export function parseSums(text: string): readonly SignedFile[] {
  const files = new Map<string, SignedFile>()
  for (const [index, one] of text.split('\n').entries()) {
    if (one === '') continue
    const { sum, name } = line.exec(one)?.groups ?? {}
    const found = forms
      .map((form) => form.exec(name ?? '')?.groups?.['version'])
      .find((it) => it !== undefined)
    if (sum !== undefined && found === undefined && name?.startsWith('varve') === true) continue
    if (sum === undefined || name === undefined || found === undefined || files.has(name))
      throw new ReleaseFault(`SHA256SUMS, line ${index + 1}, is no sum of a file of a release`)
    files.set(name, { name, sum, version: found })
  }
  const all = [...files.values()]
  if (all.length === 0 || all.length > mostFiles || new Set(all.map((file) => file.version)).size > 1)
    throw new ReleaseFault('SHA256SUMS is not of one release: a folder holds the files of one version')
  return all
}

/** The public key that releases are signed by, of its PEM; null: it is none. */
export function parseReleaseKey(text: string): KeyObject | null {
  try {
    const key = createPublicKey(text)
    return key.asymmetricKeyType === 'ed25519' && !/PRIVATE/u.test(text) ? key : null
  } catch {
    return null
  }
}

/** The files of a release by `SHA256SUMS` and its signature; null: the key has not signed it. Throws what `parseSums` throws. */
export function readSignedSums(
  { sums, signature }: { readonly sums: Uint8Array; readonly signature: Uint8Array },
  key: KeyObject,
): readonly SignedFile[] | null {
  return verify(null, sums, key, signature) ? parseSums(Buffer.from(sums).toString('latin1')) : null
}

/** What the archive is called where it is installed: its version, and the first digits of its sum. */
export function buildOf({ version: of, sum }: Pick<SignedFile, 'version' | 'sum'>): string {
  return `${of}-${sum.slice(0, 8)}`
}

/** Whether the first version comes before the second by their three numbers; what stands behind a hyphen does not count. */
export function isOlder(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => text.split('-')[0]?.split('.').map(Number) ?? [])
  for (const [at, number] of (left ?? []).entries()) {
    const against = right?.[at] ?? 0
    if (number !== against) return number < against
  }
  return false
}
