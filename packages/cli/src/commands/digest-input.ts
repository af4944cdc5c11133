import { digestStream } from '@varve/engine/streams/digest-stream'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import type { ReadingOptions } from '../input.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { standardInput } from '../standard-input.ts'
import { printDigest } from './digest.ts'

/** `varve digest -`: of a raw disk on standard input, as it comes. */
export async function digestInput(
  options: ReadingOptions & { readonly sha256?: boolean },
  context: CommandContext,
): Outcome {
  assertRaw(options)
  const started = performance.now()
  const line = new ProgressLine('digest', context.config.isTerminal)
  const found = await digestStream(standardInput(context.signal), {
    signal: context.signal,
    sha256: options.sha256 === true,
    onProgress: (bytes) => line.show({ done: bytes, total: bytes }),
  }).finally(() => line.end())
  const seconds = (performance.now() - started) / 1000
  return printDigest({ ...found, seconds }, { findings: [] }, context)
}

/** Throws `UsageError` for what only an image can be read as: a stream cannot be gone back in. */
function assertRaw({ format, read = [], rescue }: ReadingOptions): void {
  if ((format !== undefined && format !== 'raw') || read.length > 0 || rescue === true)
    throw new UsageError('Standard input is a raw disk here: --format, --read and --rescue are for images.')
}
