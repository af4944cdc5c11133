import { rulesOf } from '@varve/core/formats/writable-formats'
import { basename, dirname, join } from 'node:path'
import { Manifest } from '@varve/core/digest/disk-digest'
import type { BackingReference, WriteChoices } from '@varve/core/image/image-choices'
import { assertChoices } from '@varve/core/formats/write-choices'
import { nodeCompressors } from '../codecs/node-codecs.ts'
import type { DiskOutput } from '../run/requests.ts'
import { hexRoot } from '../run/collect-leaves.ts'
import { createOutputs } from '../run/output-set.ts'
import { newIdentity } from './disk-identity.ts'

export interface NewDisk {
  /** Must not exist: it is created exclusively, and removed again when that fails. */
  readonly path: string
  /** The name that it will have. */
  readonly name?: string
  readonly virtualSize: number
  readonly format: DiskOutput['format']
  readonly subformat?: string | undefined
  readonly choices?: Omit<WriteChoices, 'backing'> | undefined
  /** The image that it is an overlay of: everything is there. */
  readonly backing?: BackingReference | undefined
  /** Whether its filesystem is to write it in place. */
  readonly noCow?: boolean | undefined
}

export interface NewDiskOutcome {
  readonly virtualSize: number
  /** Of all files written. */
  readonly fileSize: number
  /** Paths of its parts, in its folder. */
  readonly parts: readonly string[]
  /** Of a disk of zeros; null for an overlay, whose disk is that of its parent. */
  readonly digest: string | null
  readonly seconds: number
}

/**
 * Writes an image of a disk that holds nothing, or all that the image below it holds. Throws `target-exists`, `no-space`,
 * `not-writable`, `size-unsupported`, `refused`, `canceled`.
 */
export async function createDisk(disk: NewDisk, signal?: AbortSignal): Promise<NewDiskOutcome> {
  const started = performance.now()
  const { path, virtualSize, subformat, backing, noCow, name = basename(path) } = disk
  const choices: WriteChoices = { ...disk.choices, ...(backing && { backing }) }
  assertChoices(disk.format, { choices, compression: 'none', subformat })
  const format = await rulesOf(disk.format).writer()
  const shape = { virtualSize, compression: 'none', subformat, choices } as const
  const state = new SharedArrayBuffer(format.stateSize(shape))
  const id = await newIdentity(format)
  const writer = format.open({ ...shape, id, name, state, compressors: nodeCompressors })
  const parts = (format.parts?.({ virtualSize, subformat, name, id }) ?? []).map((part) =>
    join(dirname(path), part),
  )
  await using target = await createOutputs(path, parts, { noCow })
  if (writer.reserve) await target.reserve(writer.reserve(), signal)
  await target.write(untilAborted(writer.finish(), signal))
  const { seal } = writer
  if (seal) await target.write(seal.writes(await target.digests(seal.ranges())))
  signal?.throwIfAborted()
  const fileSize = await target.keep((file) => writer.fileSize(file), 'cached')
  const digest = backing ? null : hexRoot(new Manifest(virtualSize))
  return { virtualSize, fileSize, parts, digest, seconds: (performance.now() - started) / 1000 }
}

/** The tables of a large preallocated image take a while. */
function* untilAborted<T>(items: Iterable<T>, signal: AbortSignal | undefined): Generator<T> {
  for (const item of items) {
    signal?.throwIfAborted()
    yield item
  }
}
