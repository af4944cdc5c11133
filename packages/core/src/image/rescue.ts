import type { ByteSource } from '../binary/byte-source.ts'
import type { ByteRange } from '../ranges/byte-range.ts'
import { DiskError, isDiskError } from '../problems/disk-error.ts'
import type { DiskErrorCode } from '../problems/error-details.ts'
import { isBlocking, problemFromError, type Problem } from '../problems/problem.ts'
import type { DiskReader } from '../disk/disk-reader.ts'
import type { FormatDriver } from './format-driver.ts'
import type { ImageFacts } from './image-facts.ts'
import type { ImageFile, ImagePorts } from './image-files.ts'
import type { ReadingChoices } from './reading-choices.ts'

/** Faults of a chain after which a rescue goes on: what is not there reads as zeros. */
const survivable: ReadonlySet<DiskErrorCode> = new Set<DiskErrorCode>([
  'parent-missing',
  'parent-mismatch',
  'reference-refused',
  'truncated',
  'corrupt',
])
/** Zeros that are put behind a file that was cut short, so that its tables can be read as they are. */
const padding = 64 * 1024 ** 3
/** What is tried to be read by itself when more of it at once fails. */
const smallestRead = 4096
const extentStep = 4 * 1024 * 1024

const remedy =
  'What was read this way is proven by nothing. Find the whole image, or a backup, before you rely on it.'

export function isSurvivable(error: DiskError): boolean {
  return survivable.has(error.code)
}

/** The finding that a rescue went on after `error`. */
export function survivedProblem(error: DiskError, consequence: string): Problem {
  const { message } = problemFromError(error)
  return {
    ...problemFromError(error),
    id: `rescued-${error.code}`,
    severity: 'warn',
    message: `Read with force: ${message}. ${consequence}`,
    remedy,
  }
}

export interface RescuedFile {
  /** What the driver reads in place of the file. */
  readonly read: ImageFile
  readonly facts: ImageFacts
}

interface Damaged {
  readonly file: ImageFile
  readonly driver: FormatDriver
  readonly facts: ImageFacts
  readonly choices: ReadingChoices
}

/** A file that is refused as it is, made readable as far as that goes; as it is when nothing is wrong or nothing helps. */
export async function rescueFile(
  { file, driver, facts, choices }: Damaged,
  ports: ImagePorts,
): Promise<RescuedFile> {
  // As it would be refused: a rescue would go on.
  const fault = await faultOf({ file, driver, facts, choices: { ...choices, rescue: false } }, ports)
  if (fault === null) return { read: file, facts }
  const end = `What lies past the end of the file at ${file.source.size} reads as zeros.`
  const attempts = [
    {
      read: await driver.rescue?.(file),
      said: 'Its grains were found by their markers; those behind the cut read as zeros.',
    },
    { read: paddedFile(file), said: end },
  ]
  for (const { read, said } of attempts) {
    if (!read) continue
    const strict = { ...choices, rescue: false }
    const found = await driver.inspect(read, ports, strict)
    if ((await faultOf({ file: read, driver, facts: found, choices: strict }, ports)) !== null) continue
    return { read, facts: { ...found, problems: [survivedProblem(fault, said), ...found.problems] } }
  }
  const survived = survivedProblem(fault, 'What cannot be read of it reads as zeros.')
  const rest = facts.problems.filter((problem) => !isBlocking(problem))
  return { read: file, facts: { ...facts, problems: [survived, ...rest] } }
}

/** Why the layer cannot be read as a whole, by its tables; null when it can. */
async function faultOf(
  { file, driver, facts, choices }: Damaged,
  ports: ImagePorts,
): Promise<DiskError | null> {
  try {
    await using layer = await driver.openLayer(file, ports, choices)
    const { disk } = layer
    for await (const _ of disk.extents({ start: 0, end: disk.virtualSize }));
  } catch (error) {
    if (error instanceof RangeError)
      return new DiskError('corrupt', { file: file.path, structure: 'a table', reason: error.message })
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    return error
  }
  const blocking = facts.problems.find(isBlocking)
  if (!blocking) return null
  const { message: reason } = blocking
  return new DiskError('refused', { file: file.path, reason, remedy })
}

function paddedFile(file: ImageFile): ImageFile {
  return rescuedAs(file, paddedSource(file.source))
}

/** The file with other bytes; it is closed by its owner. */
export function rescuedAs({ path, allocated, fingerprint }: ImageFile, source: ByteSource): ImageFile {
  return { path, allocated, fingerprint, source, async [Symbol.asyncDispose]() {} }
}

function paddedSource(source: ByteSource): ByteSource {
  const { name, size } = source
  return {
    name,
    size: size + padding,
    async readInto(target, at) {
      const there = Math.max(0, Math.min(target.length, size - at))
      target.fill(0, there)
      if (there > 0) await source.readInto(target.subarray(0, there), at)
    },
    async *extents({ start, end }) {
      const stop = Math.min(end, size)
      if (start < stop) yield* source.extents({ start, end: stop })
      const from = Math.max(start, size)
      if (from < end) yield { start: from, length: end - from, content: 'zero' }
    },
  }
}

/** Runs of zeros that are told apart, at most; what comes later is put to the last. */
const mostRuns = 10_000

export interface TolerantDisk extends DiskReader {
  /** What was read as zeros because it could not be read, so far, in the order met; neighbours are one. */
  readonly zeroed: readonly ByteRange[]
}

/** A disk of which nothing is refused: what cannot be read is zeros. */
export function tolerantDisk(disk: DiskReader): TolerantDisk {
  const { name, virtualSize } = disk
  const zeroed: ByteRange[] = []
  const addZeroed = (start: number, length: number) => {
    const last = zeroed.at(-1)
    const isNext = last?.end === start || zeroed.length >= mostRuns
    if (last && isNext)
      zeroed[zeroed.length - 1] = { start: last.start, end: Math.max(last.end, start + length) }
    else zeroed.push({ start, end: start + length })
  }
  return {
    zeroed,
    name,
    virtualSize,
    async *extents(range, options) {
      for (let start = range.start; start < range.end; start += extentStep) {
        const end = Math.min(range.end, start + extentStep)
        let at = start
        try {
          for await (const extent of disk.extents({ start, end }, options)) {
            yield extent
            at = extent.start + extent.length
          }
        } catch (error) {
          if (!isDamage(error)) throw error
          if (at < end) yield { start: at, length: end - at, content: 'data' }
        }
      }
    },
    async readInto(target, at, options) {
      const read = async (part: Uint8Array, from: number): Promise<void> => {
        try {
          await disk.readInto(part, from, options)
        } catch (error) {
          if (!isDamage(error)) throw error
          if (part.length <= smallestRead) {
            part.fill(0)
            addZeroed(from, part.length)
            return
          }
          const half = Math.max(smallestRead, Math.floor(part.length / 2 / smallestRead) * smallestRead)
          await read(part.subarray(0, half), from)
          await read(part.subarray(half), from + half)
        }
      }
      await read(target, at)
    },
  }
}

function isDamage(error: unknown): boolean {
  return isDiskError(error) && !isDiskError(error, 'input-output') && !isDiskError(error, 'out-of-range')
}
