import { DiskError } from '@varve/core/problems/disk-error'
import { formatNames, type FormatName } from '@varve/core/formats/format-rules'
import type { DiskInput } from '@varve/engine/requests'
import { resolve } from 'node:path'
import { UsageError } from './command.ts'

/** An absolute path: no tool or library below can take it for an option, a protocol or JSON. */
export function pathOf(argument: string): string {
  if (argument === '') throw new UsageError('A file name must not be empty.')
  // Node puts U+FFFD in place of bytes that are not UTF-8: the file that was meant cannot be named.
  if (argument.includes('\uFFFD')) throw new DiskError('name-not-utf8', { file: argument })
  return resolve(argument)
}

export function formatOf(format: string | undefined): FormatName | null {
  if (format === undefined) return null
  const found = formatNames.find((name) => name === format)
  if (found) return found
  throw new UsageError(`There is no format ${JSON.stringify(format)}; known are ${formatNames.join(', ')}.`)
}

export function imageInput(argument: string, format: string | undefined): DiskInput & { kind: 'image' } {
  return { kind: 'image', path: pathOf(argument), roots: null, format: formatOf(format) }
}
