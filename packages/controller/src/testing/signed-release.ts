import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder as `npm run release` makes it, with the files that are given, and the key that it is signed by. */
export async function signedRelease(folder: string, files: Readonly<Record<string, Uint8Array>>) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const releases = join(folder, 'releases')
  const releaseKey = join(folder, 'release.pub')
  await mkdir(releases, { recursive: true })
  await writeFile(releaseKey, publicKey.export({ type: 'spki', format: 'pem' }))

  async function signText(text: string): Promise<void> {
    await writeFile(join(releases, 'SHA256SUMS'), text)
    await writeFile(join(releases, 'SHA256SUMS.sig'), sign(null, Buffer.from(text), privateKey))
  }

  for (const [name, bytes] of Object.entries(files)) await writeFile(join(releases, name), bytes)
  await signText(sumsOf(files))
  return { releases, releaseKey, signText }
}

/** The text of `SHA256SUMS`. */
export function sumsOf(files: Readonly<Record<string, Uint8Array>>): string {
  return Object.entries(files)
    .map(([name, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`)
    .join('')
}
