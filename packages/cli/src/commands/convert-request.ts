import {
  formatByEnding,
  isWritable,
  notWritten,
  rulesOf,
  writableFormats,
  type WritableFormat,
} from '@varve/core/formats/writable-formats'
import { choiceConflict, readChoices } from '@varve/core/formats/write-choices'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { ConvertRequest } from '@varve/operations/convert/request'
import type { WritingTool } from '@varve/operations/convert/writing-tools'
import { UsageError } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { formatOf, imageAddress, pathOf, type ReadingOptions } from '../input.ts'

/** What a new image is to be, as the command line has it. */
export interface NewImageOptions {
  readonly outputFormat?: string
  readonly subformat?: string
  readonly compress?: 'zlib' | 'zstd'
  /** Each as `name=value`. */
  readonly option?: readonly string[]
  readonly backing?: string
  readonly backingFormat?: string
}

export interface CopyOptions {
  readonly force?: boolean
  readonly verify: boolean
  readonly durability?: 'synced' | 'cached'
  readonly reflink: boolean
  readonly snapshots?: 'drop' | 'extract'
  /** Ids of findings, comma-separated. */
  readonly accept?: string
}

export interface ConvertOptions extends ReadingOptions, NewImageOptions, CopyOptions {
  /** A host of the fleet: names are its own, and looked at there. */
  readonly host?: string
  readonly sources: readonly string[]
  /** Who writes the new image. */
  readonly with?: 'varve' | WritingTool
  /** Of standard input, in bytes. */
  readonly size?: number
  /** The digest that what is written has to have, where it is known before. */
  readonly expected?: string
  readonly target: string
}

/** What is asked for; throws `UsageError` for what cannot be meant. */
export function convertRequest(options: ConvertOptions): ConvertRequest {
  const { sources, target, compress, backing, backingFormat } = options
  const isFolder = sources.length > 1 || /[/\\]$/u.test(target)
  const format = targetFormat(options, isFolder)
  assertPossible(format, options)
  assertChoicesFit(format, options)
  return {
    sources: sources.map((source) => sourceAddress(source, options)),
    target: options.host === undefined ? pathOf(target) : target,
    isFolder,
    format,
    subformat: options.subformat ?? null,
    compression: compress ?? 'none',
    options: namedOptions(options.option ?? []),
    backing: backing === undefined ? null : { path: backing, format: formatOf(backingFormat) },
    ...copyChoices(options),
    by: options.with ?? 'varve',
    expected: options.expected ?? null,
  }
}

/** How a copy is made, of the options that all copies take. */
export function copyChoices({ force, verify, durability, reflink, snapshots, accept }: CopyOptions) {
  return {
    existing: force === true ? 'replace' : 'refuse',
    verify,
    durability: durability ?? 'synced',
    reflink,
    inUse: inUseOf(accept),
    snapshots: snapshots ?? 'ask',
  } as const
}

/** An image that is read, as an action takes it. */
export function sourceAddress(
  argument: string,
  options: ReadingOptions & { readonly host?: string },
): ImageAddress {
  // Whether what stands behind `@` is a snapshot can be told where the file is.
  if (options.host !== undefined) return { path: argument, format: formatOf(options.format), reading: {} }
  return imageAddress(argument, options)
}

/** `name=value` each, the last of a name counts. */
export function namedOptions(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  )
}

function targetFormat(
  { outputFormat, target }: Pick<ConvertOptions, 'outputFormat' | 'target'>,
  isFolder: boolean,
): WritableFormat {
  const asked = outputFormat ?? (isFolder ? null : formatByEnding(target))
  if (asked !== null && isWritable(asked)) return asked
  if (asked === null)
    throw new UsageError(
      `Say the format of ${JSON.stringify(target)} with -O; written are ${writableFormats.join(', ')}.`,
    )
  throw notWritten(asked, target)
}

/** Throws `UsageError` for a kind or a compression that the format does not have. */
export function assertPossible(format: WritableFormat, { compress, subformat }: NewImageOptions): void {
  const { compressions, subformats } = rulesOf(format)
  if (compress && !compressions.includes(compress))
    throw new UsageError(`${format} images are not compressed with ${compress}.`)
  if (subformat && !subformats.includes(subformat)) {
    const known = subformats.length === 0 ? 'there is one kind only' : `choose ${subformats.join(' or ')}`
    throw new UsageError(`There is no ${format} of the kind ${JSON.stringify(subformat)}; ${known}.`)
  }
}

/** Throws `UsageError` for choices that there are not, or that do not go together. */
export function assertChoicesFit(
  format: WritableFormat,
  { option = [], compress, subformat, backing, backingFormat }: NewImageOptions,
): void {
  if (backing === undefined && backingFormat !== undefined)
    throw new UsageError('--backing-format says the format of --backing, which is missing.')
  const read = readChoices(format, option)
  if ('fault' in read) throw new UsageError(read.fault)
  const { choices } = read
  const all = backing === undefined ? choices : { ...choices, backing: { name: backing, format: '' } }
  const conflict = choiceConflict(format, { choices: all, compression: compress ?? 'none', subformat })
  if (conflict !== null) throw new UsageError(`This does not go together: ${conflict}.`)
}
