import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { formatRules } from '@varve/core/image/format-rules'
import { isVolumeAddress } from '@varve/core/image/volume-address'
import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { spoolStream, type Spooled } from '@varve/engine/streams/spool-stream'
import { isNbdAddress } from '@varve/nbd/nbd-address'
import { UsageError, type Outcome, type RunContext } from '../command.ts'
import { formatOf, pathOf } from '../input.ts'
import type { OperateOptions } from '../operations/operate.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { standardInput, standardInputName } from '../standard-input.ts'
import { convertRequest, type ConvertOptions } from './convert-request.ts'

type Options = ConvertOptions & OperateOptions

/**
 * `varve convert - TARGET`: standard input is kept beside the target, since a disk is looked at before it is converted, and converted
 * as any other; `convert` is told the digest that what was written has to have.
 */
export async function convertFromInput(
  options: Options,
  context: RunContext,
  convert: (options: Options, context: RunContext) => Outcome,
): Outcome {
  const { target, host, size } = options
  if (host !== undefined) throw new UsageError('Standard input is read by this host: --host is not for it.')
  if (options.sources.length > 1 || /[/\\]$/u.test(target))
    throw new UsageError('Standard input becomes one image: say its name.')
  // What can be said before is not said after a disk has come.
  if (!isNbdAddress(target)) {
    convertRequest({ ...options, sources: [target] })
    if (options.force !== true && existsSync(pathOf(target)))
      throw new DiskError('target-exists', { file: pathOf(target) })
  }
  const line = new ProgressLine('read', context.config.isTerminal)
  await using spooled = await spoolStream(standardInput(context.signal), {
    folder: isNbdAddress(target) || isVolumeAddress(target) ? tmpdir() : dirname(pathOf(target)),
    size,
    signal: context.signal,
    onProgress: (bytes) => line.show({ done: bytes, total: size ?? bytes }),
  }).finally(() => line.end())
  const format = await formatOfInput(spooled, options, context.signal)
  try {
    return await convert(
      { ...options, sources: [spooled.path], format, ...(format === 'raw' && { expected: spooled.digest }) },
      context,
    )
  } catch (error) {
    throw renamedIn(error, spooled.path, standardInputName)
  }
}

/** Raw, unless it was said. What looks like an image is refused: as a raw disk it would be of no use. */
async function formatOfInput({ path }: Spooled, { format }: Options, signal: AbortSignal): Promise<string> {
  const said = formatOf(format)
  if (said !== null) return said
  const found = (await inspectInput({ kind: 'image', path, roots: null, format: null }, { signal })).format
  if (found === 'raw') return found
  throw new DiskError('refused', {
    file: standardInputName,
    reason: `a raw disk is expected, and it looks like ${formatRules[found].label}`,
    remedy: `Say -f ${found} if it is such an image, -f raw if it is the disk itself.`,
  })
}
