import { createHash, type KeyObject } from 'node:crypto'
import { createReadStream, type BigIntStats } from 'node:fs'
import { constants, lstat, open, readFile, realpath, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  mostSignatureBytes,
  mostSumsBytes,
  parseReleaseKey,
  readSignedSums,
  ReleaseFault,
  signatureName,
  sumsName,
  type ReleaseFile,
  type SignedFile,
} from '@varve/trust/release-sums'
import { installScripts, type InstallScripts } from './install-script.ts'

/** A release that is what its signature says. */
export interface Release {
  readonly version: string
  readonly files: ReadonlyMap<string, ReleaseFile>
  readonly scripts: InstallScripts
}

export type ReleaseState =
  { readonly release: Release; readonly reason: null } | { readonly release: null; readonly reason: string }

/** What hosts are given to install. */
export interface Releases {
  /** What the folder has now; looked at by names and times, proven anew when those have changed. */
  state(): Promise<ReleaseState>
  /** Opens a file that was proven and has not changed since; null: there is none of that name. */
  open(name: string): Promise<{ readonly file: ReleaseFile; readonly handle: FileHandle } | null>
}

export interface ReleasesOptions {
  readonly folder: string
  /** File of the public key that signs releases: told on another way than the folder. */
  readonly keyFile: string
  readonly fleet: string
}

interface Proven {
  readonly stamp: string
  readonly state: ReleaseState
  readonly stamps: ReadonlyMap<string, string>
}

/** Serves the release of a folder, once its signature and sums are proven. */
export function createReleases({ folder, keyFile, fleet }: ReleasesOptions): Releases {
  let proven: Proven | null = null
  let proving: Promise<Proven> | null = null

  async function prove(): Promise<Proven> {
    try {
      const key = await readKey(keyFile)
      const root = await realpath(folder).catch(() => {
        throw new ReleaseFault(
          `there is no folder ${folder}: make a release with npm run release -- --to ${folder}`,
        )
      })
      const signed = await readSigned(root, key)
      const stamp = await stampOfAll(root, keyFile, signed)
      if (proven?.stamp === stamp) return proven
      const files = new Map<string, ReleaseFile>()
      const stamps = new Map<string, string>()
      for (const { name, sum } of signed) {
        const found = await proveFile(root, name, sum)
        if (!found) continue
        files.set(name, { name, sum, size: found.size })
        stamps.set(name, found.stamp)
      }
      for (const name of [sumsName, signatureName]) {
        const found = await proveFile(root, name, null)
        if (!found) continue
        files.set(name, { name, sum: found.sum, size: found.size })
        stamps.set(name, found.stamp)
      }
      const [{ version } = { version: '' }] = signed
      const scripts = await installScripts({ version, fleet, key, files })
      return { stamp, stamps, state: { release: { version, files, scripts }, reason: null } }
    } catch (error) {
      // A disk that cannot be read is no reason to refuse a token.
      const isKnown = error instanceof ReleaseFault || (error instanceof Error && 'code' in error)
      if (!isKnown) throw error
      return { stamp: '', stamps: new Map(), state: { release: null, reason: error.message } }
    }
  }

  async function current(): Promise<Proven> {
    proving ??= prove().finally(() => {
      proving = null
    })
    proven = await proving
    return proven
  }

  return {
    state: async () => (await current()).state,
    async open(name) {
      // A download is not made to wait for proofs: what was proven is served while it is what it was.
      const known = proven ?? (await current())
      return (await openProven(folder, name, known)) ?? (await openProven(folder, name, await current()))
    },
  }
}

async function openProven(folder: string, name: string, { state, stamps }: Proven) {
  const file = state.release?.files.get(name)
  const handle = file && (await openFile(join(folder, name)))
  if (!handle) return null
  if (stampOf(await handle.stat({ bigint: true })) === stamps.get(name)) return { file, handle }
  await handle.close()
  return null
}

async function readKey(file: string): Promise<KeyObject> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new ReleaseFault(`the key that releases are signed by cannot be read: --release-key ${file}`)
  })
  const key = parseReleaseKey(text)
  if (key) return key
  throw new ReleaseFault(`${file} is no public key of Ed25519, as npm run release -- key writes one`)
}

async function readSigned(root: string, key: KeyObject): Promise<readonly SignedFile[]> {
  const text = await readSmall(join(root, sumsName), mostSumsBytes)
  const signature = await readSmall(join(root, signatureName), mostSignatureBytes)
  if (text === null || signature === null)
    throw new ReleaseFault(
      `${root} has no ${text === null ? sumsName : signatureName}: it is no signed release`,
    )
  const signed = readSignedSums({ sums: text, signature }, key)
  if (signed) return signed
  throw new ReleaseFault(`the release in ${root} is not signed by the key that this controller was told`)
}

/** Null: it is not there, is no plain file, or is larger than it may be. */
async function readSmall(path: string, most: number): Promise<Buffer | null> {
  const handle = await openFile(path)
  if (!handle) return null
  try {
    return (await handle.stat()).size > most ? null : await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** A plain file, not through a link. */
async function openFile(path: string): Promise<FileHandle | null> {
  const found = await lstat(path).catch(() => null)
  if (!found?.isFile()) return null
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => null)
  if (!handle) return null
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  return null
}

/** Null: it is not there. Throws when it is not what was signed. */
async function proveFile(root: string, name: string, sum: string | null) {
  if (!(await lstat(join(root, name)).catch(() => null))) return null
  const handle = await openFile(join(root, name))
  if (!handle) throw new ReleaseFault(`${name} in ${root} is no plain file`)
  try {
    const stamp = stampOf(await handle.stat({ bigint: true }))
    const hash = createHash('sha256')
    let size = 0
    await pipeline(
      createReadStream('', { fd: handle, autoClose: false }),
      async (bytes: AsyncIterable<Buffer>) => {
        for await (const part of bytes) {
          size += part.length
          hash.update(part)
        }
      },
    )
    const found = hash.digest('hex')
    if (sum !== null && found !== sum) throw new ReleaseFault(`${name} in ${root} is not what was signed`)
    return { stamp, size, sum: found }
  } finally {
    await handle.close()
  }
}

async function stampOfAll(root: string, keyFile: string, signed: readonly SignedFile[]): Promise<string> {
  const names = [sumsName, signatureName, ...signed.map(({ name }) => name)]
  const stamps = await Promise.all(
    names.map(async (name) => {
      const found = await lstat(join(root, name), { bigint: true }).catch(() => null)
      return `${name} ${found ? stampOf(found) : 'missing'}`
    }),
  )
  const key = await stat(keyFile, { bigint: true })
  return [root, stampOf(key), ...stamps].join('\n')
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}
