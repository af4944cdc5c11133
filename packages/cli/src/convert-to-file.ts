import { openChain } from '@varve/core/formats/open-chain'
import type { WritableFormat } from '@varve/core/formats/writable-formats'
import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { nodePorts } from '@varve/engine/ports'
import type { WorkerPool } from '@varve/engine/run/worker-pool'
import type { ConvertOutcome, DiskInput, DiskOutput, TransferProgress } from '@varve/engine/requests'
import type { InUse, RunOptions } from '@varve/engine/run/run-options'
import { backingOf } from '@varve/engine/staging/backing'
import { bundleFile, isSplit, openStaging } from '@varve/engine/staging/staging'
import { proveStaged, writeStaged } from '@varve/engine/staging/write-staged'
import { rename, stat } from 'node:fs/promises'

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
  const image = { target: path, staging: ownStaging(), format, subformat: subformat ?? null }
  const severalFiles = isSplit(format, subformat) || bundleFile(format, subformat) !== null
  if (existing && severalFiles) throw cannotReplace(path)
  const backing = request.backing ? await backingOf(path, request.backing) : undefined
  const { input, compression, choices, reflink, inUse } = request
  const staging = openStaging(image)
  try {
    const written = await writeStaged(
      { input, image, compression, choices, backing, reflink },
      { ...run('convert'), inUse },
    )
    const { digest, file } = written
    if (request.verify) await proveStaged({ image, expected: digest, roots: null, durability }, run('verify'))
    signal.throwIfAborted()
    if (existing) {
      if (durability === 'synced') await staging.flush()
      await rename(staging.path, path)
    } else await staging.publish({ file, durability })
    const { virtualSize, dataBytes, fileSize, sharedBytes, zeroed } = written
    const seconds = (performance.now() - started) / 1000
    const sizes = { virtualSize, dataBytes, fileSize, sharedBytes }
    return { path, format, ...sizes, digest, verified: request.verify, zeroed, seconds }
  } catch (error) {
    await staging.discard()
    throw renamedIn(error, staging.hidden, path)
  }
}

/** The process is in it, for who finds what it left. */
function ownStaging(): string {
  const random = Math.floor(Math.random() * 2 ** 32)
  return `p${process.pid}-${random.toString(16).padStart(8, '0')}`
}

function sourcesOf({ input, backing }: ConvertToFile): readonly (DiskInput & { kind: 'image' })[] {
  return backing ? [input, backing] : [input]
}

/** Several files cannot be replaced in one step: a crash between them would leave parts of both images. */
function cannotReplace(file: string): DiskError {
  const reason = 'an image of several files cannot be replaced in one step'
  return new DiskError('refused', { file, reason, remedy: 'Remove the old image and its parts first.' })
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
