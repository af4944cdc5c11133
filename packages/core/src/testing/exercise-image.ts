import { checkImage } from '../chain/check-image.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { ImagePorts } from '../image/image-files.ts'
import { openChain } from '../chain/open-chain.ts'
import { walkChain } from '../chain/walk-chain.ts'
import { inspectImage } from '../layers/inspect-image.ts'
import { isDiskError } from '../problems/disk-error.ts'
import type { DiskReader } from '../disk/disk-reader.ts'

/** Extents looked at in one image; there can be millions. */
const mostExtents = 500
/** Bytes read at one place, and places. */
const readLength = 16 * 1024
const mostReads = 12
/** Longest report that people and wires are asked to take, in characters of JSON. */
const longestReport = 4 * 1024 * 1024

/** What an image came to: `read`, or the code of the error that refused it. */
export interface Exercise {
  readonly outcome: string
  readonly problems: number
  readonly findings: number
}

/** A promise of the engine that an image made it break. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

export interface ExerciseOptions {
  /** Taken for this format whatever its bytes say. */
  readonly format?: FormatName | null
}

/**
 * Does to an image what Varve does to images: inspects it from L1 to L6, opens its chain, walks extents, reads, checks.
 * Ends with an outcome for every input there is; throws for what may not happen: an error without a code, extents with
 * gaps, zeros that are not zero, a report that does not go over a wire, a check that finds nothing where reading does.
 */
export async function exerciseImage(
  path: string,
  ports: ImagePorts,
  { format = null }: ExerciseOptions = {},
): Promise<Exercise> {
  const report = await codedOnly(() => inspectImage(path, ports, { format }))
  const problems = typeof report === 'string' ? [] : report.problems
  const internal = problems.find(({ id }) => id === 'internal')
  if (internal) throw new BrokenPromise(internal.message)
  const { length } = JSON.stringify(report)
  if (length > longestReport) throw new BrokenPromise(`a report of ${length} characters`)
  let mapped = 'mapped'
  const outcome = await codedOnly(async () => {
    await using chain = await openChain(path, ports, { format })
    mapped = await exerciseDisk(chain.disk)
    return 'read' as const
  })
  const findings = await codedOnly(async () => {
    const { report: checked } = await checkImage(path, ports, { format })
    if (JSON.stringify(checked).length > longestReport)
      throw new BrokenPromise('a report of a check that is too long')
    const isFine = checked.isComplete && checked.totals.corruptions === 0
    const standsAlone = typeof report !== 'string' && report.chain.length === 1
    const isChecked = checked.checked.length > 0 && checked.format !== 'parallels'
    if (isFine && standsAlone && isChecked && ['corrupt', 'truncated'].includes(mapped))
      throw new BrokenPromise(`a check finds nothing where the map is refused as ${mapped}`)
    return checked.findings.length
  })
  await codedOnly(async () => {
    await using walked = await walkChain(path, ports, { format })
    const [{ file, driver }] = walked.links
    await driver.repair?.(file)
    return 'planned' as const
  })
  return { outcome, problems: problems.length, findings: typeof findings === 'string' ? 0 : findings }
}

/** What `step` gives, or the code of the error it throws; any other error passes through. */
async function codedOnly<T>(step: () => Promise<T>): Promise<T | string> {
  try {
    return await step()
  } catch (error) {
    if (isDiskError(error)) return error.code
    throw error
  }
}

/** `mapped`, or the code of the error at which its extents ended. */
async function exerciseDisk(disk: DiskReader): Promise<string> {
  const { virtualSize } = disk
  if (!Number.isSafeInteger(virtualSize) || virtualSize < 0)
    throw new BrokenPromise(`a virtual size of ${virtualSize}`)
  const places = new Map<number, 'zero' | null>([
    [0, null],
    [Math.max(0, virtualSize - readLength), null],
    [Math.floor(virtualSize / 3), null],
  ])
  let at = 0
  let count = 0
  const mapped = await codedOnly(async () => {
    for await (const { start, length, content } of disk.extents({ start: 0, end: virtualSize })) {
      if (start !== at || length <= 0 || start + length > virtualSize)
        throw new BrokenPromise(`an extent of ${length} at ${start} where ${at} was expected`)
      at = start + length
      if (places.size < mostReads && content !== 'zero') places.set(start, null)
      else if (places.size < mostReads && !places.has(start)) places.set(start, 'zero')
      count += 1
      if (count >= mostExtents) return 'mapped' as const
    }
    if (at !== virtualSize) throw new BrokenPromise(`the extents end at ${at} of ${virtualSize}`)
    return 'mapped' as const
  })
  for (const [start, expected] of places) await codedOnly(() => readAt(disk, start, expected))
  return mapped
}

async function readAt(disk: DiskReader, start: number, expected: 'zero' | null): Promise<void> {
  const bytes = new Uint8Array(Math.min(readLength, disk.virtualSize - start))
  await disk.readInto(bytes, start)
  if (expected === 'zero' && bytes[0] !== 0 && bytes.length > 0)
    throw new BrokenPromise(`byte ${start} lies in a zero extent and reads as ${bytes[0]}`)
}
