import { open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { randomHex } from '@varve/core/binary/random-hex'
import { hexSha256 } from '@varve/core/digest/sha256'
import type { Manifest } from '@varve/core/digest/disk-digest'
import { decodeManifest, encodeManifest } from '@varve/core/digest/manifest-file'
import type { ReadingChoices } from '@varve/core/image/reading-choices'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError, systemCode, writeError } from '../system/system-error.ts'
import { folderOfImage } from '../quarantine/entry.ts'
import { isProof, type Proof } from './proof.ts'
import { makeFolder } from '../system/make-folder.ts'

/** Folder of the proofs, in the state folder: a file for each image, a line of JSON and the leaves of its digest. */
const folderName = 'proofs'
/** A disk of 64 TiB full of data has leaves of 576 MiB. */
const largest = 1024 ** 3
const lineEnd = 0x0a

/** What is kept of one image. */
export interface KeptProof {
  readonly proof: Proof
  readonly manifest: Manifest
}

/** Which proof is meant. */
export interface ProofOf {
  readonly stateFolder: string
  /** Of the image; it need not be there. */
  readonly path: string
  readonly reading?: ReadingChoices
  /** Of a staged image, whose proof counts once it has its name. */
  readonly staging?: string
}

async function fileOf({ stateFolder, path, reading = {}, staging }: ProofOf): Promise<string> {
  const known = join(await folderOfImage(path), basename(path))
  const choices = Object.entries(reading).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const key = hexSha256(JSON.stringify([known, choices]))
  return join(stateFolder, folderName, `${key}${staging === undefined ? '' : `.${staging}`}.proof`)
}

/** Bytes of the line of JSON that are looked through for its end, and read at once. */
const longestLine = 64 * 1024 ** 2
const pieceBytes = 16 * 1024

/** Since when a proof is kept of an image; null: none is. What is kept but damaged counts since it was written. */
export async function provenSince(of: ProofOf): Promise<string | null> {
  const path = await fileOf(of)
  try {
    await using file = await open(path, 'r')
    const since = timeOf(await firstLine(file))
    return since ?? (await file.stat()).mtime.toISOString()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw readError(error, path)
  }
}

async function firstLine(file: FileHandle): Promise<string> {
  const pieces: Uint8Array[] = []
  for (let read = 0; read < longestLine;) {
    const { buffer, bytesRead } = await file.read(new Uint8Array(pieceBytes), 0, pieceBytes, read)
    const piece = buffer.subarray(0, bytesRead)
    const end = piece.indexOf(lineEnd)
    pieces.push(end < 0 ? piece : piece.subarray(0, end))
    if (end >= 0 || bytesRead === 0) break
    read += bytesRead
  }
  return new TextDecoder().decode(Buffer.concat(pieces))
}

function timeOf(line: string): string | null {
  const proof = proofOf(line)
  const at = proof === null ? Number.NaN : Date.parse(proof.provenAt)
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

function proofOf(line: string): Proof | null {
  try {
    const header: unknown = JSON.parse(line)
    return isProof(header) ? header : null
  } catch {
    return null
  }
}

/** Keeps a proof, in the place of an earlier one of that image, whole or not at all. */
export async function keepProof(of: ProofOf, { proof, manifest }: KeptProof): Promise<void> {
  const path = await fileOf(of)
  const draft = `${path}.${randomHex(4)}.new`
  try {
    await makeFolder(join(of.stateFolder, folderName), 0o700)
    const file = await open(draft, 'wx')
    try {
      await file.writeFile(`${JSON.stringify(proof)}\n`)
      for (const piece of encodeManifest(manifest)) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw writeError(error, path)
  }
}

/** The proof that is kept of an image; null: none is. Throws `corrupt` for a file that is none. */
export async function readProof(of: ProofOf): Promise<KeptProof | null> {
  const path = await fileOf(of)
  const bytes = await readWhole(path)
  if (bytes === null) return null
  const bad = (reason: string) =>
    new DiskError('corrupt', { file: path, structure: 'the manifest of a proof', reason })
  const end = bytes.indexOf(lineEnd)
  if (end < 0) throw bad('it is cut short')
  const header = proofOf(new TextDecoder().decode(bytes.subarray(0, end)))
  if (header === null) throw bad('it is not what Varve writes')
  const manifest = decodeManifest(bytes.subarray(end + 1), path)
  if (manifest.size !== header.virtualSize) throw bad('its leaves are of another disk')
  return { proof: header, manifest }
}

async function readWhole(path: string): Promise<Uint8Array | null> {
  try {
    const { size } = await stat(path)
    if (size > largest)
      throw new DiskError('limit-exceeded', { file: path, what: 'size', value: size, limit: largest })
    return await readFile(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw readError(error, path)
  }
}

/** The proof of a staged image becomes that of the image, which has its name now; done already, or none kept, it succeeds. */
export async function confirmProof(of: ProofOf & { readonly staging: string }): Promise<void> {
  const { staging, ...image } = of
  await renameFile(await fileOf({ ...image, staging }), await fileOf(image))
}

/** Forgets the proof of an image, or of a staged one. */
export async function forgetProof(of: ProofOf): Promise<void> {
  await rm(await fileOf(of), { force: true })
}

/** The proof goes with an image that got another name; done already, or none kept, it succeeds. */
export async function moveProof(from: ProofOf, to: ProofOf): Promise<void> {
  const kept = await readProof(from)
  if (kept === null) return
  const path = join(await folderOfImage(to.path), basename(to.path))
  const files = kept.proof.files.map((file) => (file.path === kept.proof.path ? { ...file, path } : file))
  await keepProof(to, { ...kept, proof: { ...kept.proof, path, files } })
  await forgetProof(from)
}

async function renameFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw writeError(error, to)
  }
}
