import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { basename } from 'node:path'
import { convertDisk } from '../disks/convert-disk.ts'
import { createDisk, type NewDiskOutcome } from '../disks/create-disk.ts'
import { digestDisk } from '../disks/digest-disk.ts'
import type { Backing, ConvertOutcome, DigestOutcome, DiskInput, DiskOutput } from '../run/requests.ts'
import { openInput } from '../run/open-input.ts'
import type { RunOptions } from '../run/run-options.ts'
import { openStaging, type Durability, type StagedImage } from './staging.ts'

export interface WriteStaged {
  readonly input: DiskInput
  readonly image: StagedImage
  readonly compression: DiskOutput['compression']
  readonly choices: NonNullable<DiskOutput['choices']>
  readonly backing?: Backing | undefined
  readonly reflink: boolean
}

export interface StagedOutcome extends ConvertOutcome {
  /** Tells the image from any other file of its name. */
  readonly file: string
}

/** Writes a disk where its image is staged, not yet on the medium; begins anew where an earlier attempt died. */
export async function writeStaged(request: WriteStaged, options: RunOptions = {}): Promise<StagedOutcome> {
  const { input, image, compression, choices, backing, reflink } = request
  const staging = openStaging(image)
  await staging.prepare()
  const name = basename(image.target)
  const { format, subformat } = image
  const shape = { format, subformat: subformat ?? undefined, compression, choices, backing, reflink }
  try {
    const output: DiskOutput = { path: staging.path, name, ...shape, durability: 'cached' }
    const written = await convertDisk(input, output, options)
    return { ...written, file: await staging.identity() }
  } catch (error) {
    await staging.discard()
    throw renamedIn(error, staging.hidden, image.target)
  }
}

export interface ProveStaged {
  readonly image: StagedImage
  /** The disk digest that it must have. */
  readonly expected: string
  readonly roots: readonly string[] | null
  readonly durability: Durability
}

/** Reads a staged image back as a disk, and puts it on the medium meanwhile; throws `digest-mismatch`. */
export async function proveStaged(
  { image, expected, roots, durability }: ProveStaged,
  options: RunOptions = {},
): Promise<DigestOutcome> {
  const staging = openStaging(image)
  const flushed = durability === 'synced' ? staging.flush() : null
  // Its failure is thrown once the image is read back; until then it must not count as unhandled.
  flushed?.catch(() => {})
  try {
    // It is hidden and this run's own: nobody else writes to it.
    const input = { kind: 'image', path: staging.path, roots, format: image.format } as const
    const found = await digestDisk(input, { ...options, inUse: 'accept' })
    if (found.digest !== expected)
      throw new DiskError('digest-mismatch', {
        file: image.target,
        expected,
        found: found.digest,
        chunk: null,
      })
    return found
  } catch (error) {
    throw renamedIn(error, staging.hidden, image.target)
  } finally {
    await flushed
  }
}

export interface CreateStaged {
  readonly image: StagedImage
  /** The target by the name that its reference to what is below it goes from; left out: as `image` has it. */
  readonly readAs?: string
  readonly roots: readonly string[] | null
  readonly virtualSize: number
  readonly choices: NonNullable<DiskOutput['choices']>
  readonly backing?: Backing | undefined
  readonly noCow?: boolean | undefined
}

/** Writes a new image that holds nothing of its own where it is staged; begins anew where an earlier attempt died. */
export async function createStaged(
  { image, readAs = image.target, roots, virtualSize, choices, backing, noCow }: CreateStaged,
  signal: AbortSignal,
): Promise<NewDiskOutcome & { readonly file: string }> {
  const staging = openStaging(image)
  await staging.prepare()
  const { format, subformat } = image
  const about = { name: basename(image.target), virtualSize, format, subformat: subformat ?? undefined }
  try {
    const written = await createDisk({ path: staging.path, ...about, choices, backing, noCow }, signal)
    // What was written is what its own reader opens, with the chain below it.
    const { path } = openStaging({ ...image, target: readAs })
    const input = { kind: 'image', path, roots, format } as const
    await using opened = await openInput(input, { io: 'async', signal })
    const found = opened.disk.virtualSize
    if (found !== virtualSize) throw wrongSize(image.target, virtualSize, found)
    return { ...written, file: await staging.identity() }
  } catch (error) {
    await staging.discard()
    throw renamedIn(error, staging.hidden, image.target)
  }
}

function wrongSize(file: string, wanted: number, found: number): DiskError {
  const reason = `what was written has ${found} bytes instead of ${wanted}`
  return new DiskError('corrupt', { file, structure: 'the new image', reason })
}
