import { formatBytes, formatRate } from '@varve/core/binary/format-bytes'
import { DiskError } from '@varve/core/problems/disk-error'
import { extname } from 'node:path'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import {
  convertToFile,
  writableFormats,
  type ConvertToFileOutcome,
  type WritableFormat,
} from '../convert-to-file.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageInput, pathOf } from '../input.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { groupDigest } from '../output/text.ts'

export interface ConvertOptions {
  readonly source: string
  readonly target: string
  readonly format?: string
  readonly outputFormat?: string
  readonly compress?: 'zlib' | 'zstd'
  readonly force?: boolean
  readonly verify: boolean
}

/** `varve convert SOURCE TARGET`: the target appears under its name complete and proven, or not at all. */
export async function convert(options: ConvertOptions, context: CommandContext): Outcome {
  const format = targetFormat(options)
  if (options.compress && format !== 'qcow2')
    throw new UsageError(`${format} images cannot be compressed; choose -O qcow2.`)
  let line = new ProgressLine('convert', context.config.isTerminal)
  let phase = 'convert'
  const outcome = await convertToFile(
    {
      input: imageInput(options.source, options.format),
      path: pathOf(options.target),
      format,
      compression: options.compress ?? 'none',
      existing: options.force === true ? 'replace' : 'refuse',
      verify: options.verify,
    },
    {
      signal: context.signal,
      onProgress: (progress) => {
        if (progress.phase !== phase) {
          line.end()
          phase = progress.phase
          line = new ProgressLine(phase, context.config.isTerminal)
        }
        line.show({ done: progress.doneBytes, total: progress.totalBytes })
      },
    },
  ).finally(() => line.end())
  if (context.json) context.print(JSON.stringify(outcome))
  else context.print(describe(options.target, outcome))
  return exitCodes.ok
}

function targetFormat({ outputFormat, target }: ConvertOptions): WritableFormat {
  const asked = outputFormat ?? byExtension(target)
  const found = writableFormats.find((format) => format === asked)
  if (found) return found
  if (asked === null)
    throw new UsageError(`Say the format of ${JSON.stringify(target)} with -O ${writableFormats.join('|')}.`)
  throw new DiskError('unsupported-format', {
    file: target,
    format: asked,
    reason: `it can be read, but not yet written (written are ${writableFormats.join(', ')})`,
  })
}

const extensions: Readonly<Record<string, WritableFormat>> = {
  '.qcow2': 'qcow2',
  '.raw': 'raw',
  '.img': 'raw',
  '.dd': 'raw',
}

function byExtension(target: string): string | null {
  const extension = extname(target).toLowerCase()
  return extensions[extension] ?? (extension.slice(1) || null)
}

function describe(target: string, outcome: ConvertToFileOutcome): string {
  const { virtualSize, dataBytes, fileSize, seconds, digest, verified } = outcome
  return [
    `${target}: ${outcome.format}, ${formatBytes(virtualSize)} disk with ${formatBytes(dataBytes)} data, file ${formatBytes(fileSize)}`,
    `digest  ${groupDigest(digest)}${verified ? '  read back and equal' : ''}`,
    `${seconds.toFixed(2)} s, ${formatRate(dataBytes / Math.max(seconds, 0.001))}`,
  ].join('\n')
}
