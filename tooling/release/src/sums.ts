import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ReleaseError } from './release-error.ts'
import { byCodeUnits } from './tree.ts'

export const sumsName = 'SHA256SUMS'
export const signatureName = 'SHA256SUMS.sig'

/** The lines of `SHA256SUMS`, as sha256sum(1) reads them. */
export function sumsText(sums: ReadonlyMap<string, string>): string {
  return [...sums]
    .sort(([a], [b]) => byCodeUnits(a, b))
    .map(([name, sum]) => `${sum}  ${name}\n`)
    .join('')
}

/** The sums by name; throws when a line is none, or names what lies elsewhere. */
export function parseSums(text: string): Map<string, string> {
  const sums = new Map<string, string>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue
    const [, sum, name] = /^([0-9a-f]{64}) {2}([\w.+-]+)$/u.exec(line) ?? []
    if (sum === undefined || name === undefined || name.startsWith('.') || sums.has(name))
      throw new ReleaseError(`${sumsName}, line ${index + 1}: this is no sum of a file of a release.`)
    sums.set(name, sum)
  }
  return sums
}

/** SHA-256 of a file. */
export async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Makes a key pair of Ed25519: `file` for who signs (mode 0600), `file.pub` for all others; never over one that is there. */
export async function writeKeys(file: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  try {
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new ReleaseError(`${file} is there already: a key is never written over.`)
    throw error
  }
  await writeFile(`${file}.pub`, publicKey.export({ type: 'spki', format: 'pem' }), {
    mode: 0o644,
    flag: 'wx',
  })
}

/** Signs the bytes with the private key of a PEM file. */
export async function signWith(file: string, bytes: Uint8Array): Promise<Uint8Array> {
  const key = createPrivateKey(await readKey(file))
  if (key.asymmetricKeyType !== 'ed25519') throw new ReleaseError(`${file} is no key of Ed25519.`)
  return sign(null, bytes, key)
}

async function readKey(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new ReleaseError(`The key ${file} cannot be read: ${(error as Error).message}.`)
  }
}

/** Proves every file of a release by its sum and the sums by their signature; gives the names. Throws at what does not fit. */
export async function verifyRelease(folder: string, keyFile: string): Promise<string[]> {
  const read = async (name: string) =>
    await readFile(join(folder, name)).catch(() => {
      throw new ReleaseError(`${folder} has no ${name}: it is no signed release.`)
    })
  const [text, signature] = [await read(sumsName), await read(signatureName)]
  const key = createPublicKey(await readKey(keyFile))
  if (key.asymmetricKeyType !== 'ed25519') throw new ReleaseError(`${keyFile} is no key of Ed25519.`)
  if (!verify(null, text, key, signature))
    throw new ReleaseError(
      `${signatureName} is not of ${sumsName} by this key: believe nothing of this folder.`,
    )
  const sums = parseSums(text.toString('utf8'))
  for (const [name, sum] of sums) {
    const found = await sumOf(join(folder, name)).catch(() => null)
    if (found === null) throw new ReleaseError(`${name} is missing.`)
    if (found !== sum) throw new ReleaseError(`${name} is not what was signed.`)
  }
  for (const name of await readdir(folder))
    if (!sums.has(name) && name !== sumsName && name !== signatureName)
      throw new ReleaseError(`${name} was not signed: it is no part of this release.`)
  return [...sums.keys()]
}
