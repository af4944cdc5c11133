import { openChain } from '@varve/core/formats/open-chain'
import type { WritableFormat } from '@varve/core/formats/writable-formats'
import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { convertDisk } from '@varve/engine/convert-disk'
import { digestDisk } from '@varve/engine/digest-disk'
import { nodePorts } from '@varve/engine/ports'
import { syncPath } from '@varve/engine/files/sync-file'
import type { WorkerPool } from '@varve/engine/run/worker-pool'
import type { Backing, ConvertOutcome, DiskInput, DiskOutput, TransferProgress } from '@varve/engine/requests'
import type { InUse, RunOptions } from '@varve/engine/run/run-options'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { backingOf } from './backing.ts'
import { bundleFile, isSplit, stageBundle, stageFile, stageFolder, type Staging } from './staging.ts'

export interface ConvertToFile {
  readonly input: DiskInput & { kind: 'image' }
  /** Absolute path of the new image. */
  readonly path: string
  readonly format: WritableFormat
  readonly subformat: string | undefined
  readonly compression: DiskOutput['compression']
  readonly choices: NonNullable<DiskOutput['choices']>
  /** The image that the new one becomes an overlay of. */
  readonly backing: (DiskInput & { kind: 'image' }) | null
  readonly existing: 'refuse' | 'replace'
  readonly verify: boolean
  /** `synced`: on the medium when it has its name; `cached`: the system writes it back later. */
  readonly durability: 'synced' | 'cached'
  /** Whether the new image may share blocks with the source. */
  readonly reflink: boolean
  /** What to do when others may write to the source. */
  readonly inUse: InUse
}

export interface ConvertToFileOutcome {
  readonly path: string
  readonly format: WritableFormat
  readonly virtualSize: number
  readonly dataBytes: number
  readonly fileSize: number
  /** Bytes that share blocks with the source, where the filesystem can do that. */
  readonly sharedBytes: number
  readonly digest: string
  readonly verified: boolean
  /** What a rescue read as zeros. */
  readonly zeroed: ConvertOutcome['zeroed']
  readonly seconds: number
}

export interface ConvertToFileOptions {
  readonly signal: AbortSignal
  readonly pool: WorkerPool
  readonly onProgress: (progress: TransferProgress & { phase: 'convert' | 'verify' }) => void
}

/** Writes the disk under a temporary name beside the target, proves it, and only then gives it its name. */
export async function convertToFile(
  request: ConvertToFile,
  { signal, pool, onProgress }: ConvertToFileOptions,
): Promise<ConvertToFileOutcome> {
  const { path, format, subformat, durability } = request
  const started = performance.now()
  const existing = await stat(path).catch(() => null)
  if (existing) {
    for (const source of sourcesOf(request)) await assertNotSource(source, path)
    if (request.existing === 'refuse') throw new DiskError('target-exists', { file: path })
    if (!existing.isFile())
      throw new DiskError('not-writable', { file: path, reason: 'it is not a regular file' })
  }
  const run = (phase: 'convert' | 'verify'): RunOptions => ({
    signal,
    pool,
    mainThread: 'helps',
    onProgress: (progress) => onProgress({ ...progress, phase }),
  })
  const splits = isSplit(format, subformat)
  const bundled = bundleFile(format, subformat)
  if (existing && (splits || bundled !== null)) throw cannotReplace(path)
  const backing = request.backing ? await backingOf(path, request.backing) : undefined
  await using staging = await stagingOf({ path, splits, bundled })
  try {
    const written = await writeStaged(request, { staging, backing, run })
    signal.throwIfAborted()
    await staging.publish(written.parts, { existing: existing ? 'replace' : 'refuse', durability })
    const { virtualSize, dataBytes, fileSize, sharedBytes, digest, zeroed } = written
    const seconds = (performance.now() - started) / 1000
    const sizes = { virtualSize, dataBytes, fileSize, sharedBytes }
    return { path, format, ...sizes, digest, verified: request.verify, zeroed, seconds }
  } catch (error) {
    throw renamedIn(error, staging.hidden, path)
  }
}

interface Staged {
  readonly staging: Staging
  readonly backing: Backing | undefined
  readonly run: (phase: 'convert' | 'verify') => RunOptions
}

/** Writes the image where it is staged, on the medium and read back as the request wants it. */
async function writeStaged(
  request: ConvertToFile,
  { staging, backing, run }: Staged,
): Promise<ConvertOutcome> {
  const { path, format, subformat, compression, choices, reflink } = request
  const shape = { format, subformat, compression, choices, backing, reflink }
  const output: DiskOutput = { path: staging.path, name: basename(path), ...shape, durability: 'cached' }
  const written = await convertDisk(request.input, output, { ...run('convert'), inUse: request.inUse })
  const synced = request.durability === 'synced' ? syncAll([...written.parts, staging.path]) : null
  // Its failure is thrown once the image is read back; until then it must not count as unhandled.
  synced?.catch(() => {})
  try {
    // What is read back comes from memory or from the medium, so both can go on at once.
    if (request.verify)
      await verifyPart(
        { part: staging.path, path, format, expected: written.digest },
        {
          ...run('verify'),
          // It is hidden and this command's own.
          inUse: 'accept',
        },
      )
  } finally {
    await synced
  }
  return written
}

async function syncAll(paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map(async (path) => syncPath(path)))
}

interface Shape {
  readonly path: string
  readonly splits: boolean
  readonly bundled: string | null
}

async function stagingOf({ path, splits, bundled }: Shape): Promise<Staging> {
  if (bundled !== null) return await stageBundle(path, bundled)
  return splits ? await stageFolder(path) : stageFile(path)
}

function sourcesOf({ input, backing }: ConvertToFile): readonly (DiskInput & { kind: 'image' })[] {
  return backing ? [input, backing] : [input]
}

/** Several files cannot be replaced in one step: a crash between them would leave parts of both images. */
function cannotReplace(file: string): DiskError {
  const reason = 'an image of several files cannot be replaced in one step'
  return new DiskError('refused', { file, reason, remedy: 'Remove the old image and its parts first.' })
}

interface VerifyRequest {
  readonly part: string
  readonly path: string
  readonly format: WritableFormat
  readonly expected: string
}

async function verifyPart(
  { part, path, format, expected }: VerifyRequest,
  options: RunOptions,
): Promise<void> {
  const found = await digestDisk({ kind: 'image', path: part, roots: null, format }, options)
  if (found.digest !== expected)
    throw new DiskError('digest-mismatch', { file: path, expected, found: found.digest, chunk: null })
}

/** Throws `same-file` when `path`, under whatever name, is one of the files that the disk is read from. */
async function assertNotSource(input: DiskInput & { kind: 'image' }, path: string): Promise<void> {
  const { dev, ino } = await stat(path, { bigint: true })
  const refuse = (role: 'source' | 'part') => new DiskError('same-file', { file: path, role })
  const own = await stat(input.path, { bigint: true }).catch(() => null)
  if (own?.dev === dev && own.ino === ino) throw refuse('source')
  const { format, choices } = input
  await using chain = await openChain(input.path, nodePorts({ roots: input.roots }), { format, choices })
  if (chain.files.some(({ fingerprint }) => fingerprint.inode === `${dev}:${ino}`)) throw refuse('part')
}
