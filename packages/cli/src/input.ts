import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { formatNames, type FormatName } from '@varve/core/image/format-rules'
import { readReadingChoices, type ReadingChoices } from '@varve/core/image/reading-choices'
import { isVolumeAddress, parseVolumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import type { DiskInput } from '@varve/engine/run/requests'
import { nbdInput, placeOf as exportPlace, type NbdInput } from '@varve/engine/run/nbd-input'
import { isNbdAddress, nbdAddress } from '@varve/nbd/nbd-address'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import { UsageError } from './command.ts'

/** The options by which a command is told how to read an image. */
export interface ReadingOptions {
  readonly format?: string | undefined
  /** Each as `name=value`. */
  readonly read?: readonly string[] | undefined
  readonly rescue?: boolean | undefined
  /** The folder with the certificates for exports over TLS. */
  readonly tlsCertificates?: string | undefined
}

/** Where the kernel has the volume `lvm:VG/LV` or `zfs:POOL/VOLUME`. */
function deviceOf(argument: string): string {
  const volume = parseVolumeAddress(argument)
  if (volume) return volumeDevice(volume)
  throw new UsageError(
    `A volume is named as lvm:VG/LV or zfs:POOL/VOLUME, not as ${JSON.stringify(argument)}; a file of that name as ./${argument}.`,
  )
}

/** An absolute path: no tool or library below can take it for an option, a protocol or JSON. */
export function pathOf(argument: string): string {
  if (argument === '') throw new UsageError('A file name must not be empty.')
  if (isNbdAddress(argument))
    throw new UsageError(`A file is due here, and ${JSON.stringify(argument)} is an NBD address.`)
  // Node puts U+FFFD in place of bytes that are not UTF-8: the file that was meant cannot be named.
  if (isVolumeAddress(argument)) return deviceOf(argument)
  if (argument.includes('\uFFFD')) throw new DiskError('name-not-utf8', { file: argument })
  return resolve(argument)
}

/** A path for an operation: absolute on this host; with `--host` as it was typed, for that host to find. */
export function placeOf(argument: string, { host }: { readonly host?: string | undefined }): string {
  const path = pathOf(argument)
  return host === undefined ? path : argument
}

export function formatOf(format: string | undefined): FormatName | null {
  if (format === undefined) return null
  const found = formatNames.find((name) => name === format)
  if (found) return found
  throw new UsageError(`There is no format ${JSON.stringify(format)}; known are ${formatNames.join(', ')}.`)
}

/** The image that an argument means: `FILE`, `FILE@SNAPSHOT` or `PACKAGE:DISK`, read as the options say. */
export function imageInput(argument: string, options: ReadingOptions = {}): DiskInput & { kind: 'image' } {
  const address = addressOf(argument)
  const read = readReadingChoices(options.read ?? [])
  if ('fault' in read) throw new UsageError(read.fault)
  const choices: ReadingChoices = {
    ...read.choices,
    ...address.choices,
    ...(options.rescue === true ? { rescue: true } : {}),
  }
  return { kind: 'image', path: address.path, roots: null, format: formatOf(options.format), choices }
}

/** The disk that an argument means: an image as `imageInput` has it, or an export such as `nbd://host/name`. */
export function diskInput(argument: string, options: ReadingOptions = {}): DiskInput {
  const input = exportInput(argument, options)
  if (input === null) return imageInput(argument, options)
  const { format, read = [], rescue } = options
  if ((format !== undefined && format !== 'raw') || read.length > 0 || rescue === true)
    throw new UsageError('An NBD export is a disk: --format, --read and --rescue are for images.')
  return input
}

/** The export that an argument means, with the certificates of `--tls-certificates`; null: it is none. */
export function exportInput(
  argument: string,
  { tlsCertificates: folder }: Pick<ReadingOptions, 'tlsCertificates'>,
): NbdInput | null {
  const input = nbdInput(argument)
  if (input === null || folder === undefined) return input
  if (folder === '') throw new UsageError('--tls-certificates takes a folder.')
  if (!input.tls || !('certificates' in input.tls))
    throw new UsageError(`--tls-certificates is for nbds:// and nbds+unix://, not for ${argument}.`)
  if (input.tls.certificates !== null)
    throw new UsageError('The address says tls-certificates already: leave --tls-certificates out.')
  const tls = { ...input.tls, certificates: pathOf(folder) }
  return {
    ...input,
    tls,
    address: nbdAddress({ place: exportPlace(input), exportName: input.exportName, tls }),
  }
}

/** What `diskInput` gives, as an action takes it. */
export function imageAddress(argument: string, options: ReadingOptions = {}): ImageAddress {
  const input = diskInput(argument, options)
  if (input.kind === 'nbd') return { path: input.address ?? argument, format: null, reading: {} }
  const { path, format, choices = {} } = input
  return { path, format, reading: choices }
}

/** What may follow the name of a file, by the character before it. */
const addressParts = [
  ['@', 'snapshot'],
  [':', 'disk'],
] as const

export interface Address {
  /** What names the image itself. */
  readonly name: string
  readonly choices: Pick<ReadingChoices, 'snapshot' | 'disk'>
}

/** What an argument may mean, the longest name first: the whole, then what stands before each `@` and `:`. */
export function* addressesOf(argument: string): Generator<Address> {
  yield { name: argument, choices: {} }
  for (let at = argument.length - 2; at > 0; at -= 1) {
    const part = addressParts.find(([mark]) => mark === argument[at])
    if (part) yield { name: argument.slice(0, at), choices: { [part[1]]: argument.slice(at + 1) } }
  }
}

/** A file that is there under the whole argument is what is meant; else the longest name that is there. */
function addressOf(argument: string): { path: string; choices: Address['choices'] } {
  const isVolume = isVolumeAddress(argument)
  for (const { name, choices } of addressesOf(argument)) {
    if (isVolume && parseVolumeAddress(name) === null) continue
    const path = pathOf(name)
    if (existsSync(path)) return { path, choices }
  }
  return { path: pathOf(argument), choices: {} }
}
