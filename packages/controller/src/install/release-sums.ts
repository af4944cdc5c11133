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

/** The files of one release; throws `ReleaseFault` for a line that is none, and for files of two versions. */
export function parseSums(text: string): readonly SignedFile[] {
  const files = new Map<string, SignedFile>()
  for (const [index, one] of text.split('\n').entries()) {
    if (one === '') continue
    const { sum, name } = line.exec(one)?.groups ?? {}
    const found = forms
      .map((form) => form.exec(name ?? '')?.groups?.['version'])
      .find((it) => it !== undefined)
    if (sum === undefined || name === undefined || found === undefined || files.has(name))
      throw new ReleaseFault(`SHA256SUMS, line ${index + 1}, is no sum of a file of a release`)
    files.set(name, { name, sum, version: found })
  }
  const all = [...files.values()]
  if (all.length === 0 || all.length > mostFiles || new Set(all.map((file) => file.version)).size > 1)
    throw new ReleaseFault('SHA256SUMS is not of one release: a folder holds the files of one version')
  return all
}
