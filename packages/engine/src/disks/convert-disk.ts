import { rulesOf } from '@varve/core/formats/writable-formats'
import { basename, dirname, join } from 'node:path'
import { Manifest, chunkCount } from '@varve/core/digest/disk-digest'
import type { WriteChoices } from '@varve/core/image/image-choices'
import { assertChoices } from '@varve/core/formats/write-choices'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { beginGuard, guarded, whileGuarded } from '../in-use/guard-files.ts'
import { nodeCompressors } from '../codecs/node-codecs.ts'
import type { ConvertOutcome, DiskInput, DiskOutput } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { ChunkBoard, makeBoardMemory } from '../run/chunk-board.ts'
import { collectLeaves, hexRoot } from '../run/collect-leaves.ts'
import { ZeroedCollection } from '../run/collect-zeroed.ts'
import { openBelow } from '../run/open-below.ts'
import { inputName, openInput, storedBytes } from '../run/open-input.ts'
import { createOutputs } from '../run/output-set.ts'
import { runCrew } from '../run/run-crew.ts'
import { surveyDisks } from '../run/survey-disk.ts'
import { orCanceled } from '../run/or-canceled.ts'
import { workerCount } from '../run/worker-count.ts'
import { newIdentity } from './disk-identity.ts'

/**
 * Writes the disk `input` as a new image and computes its digest in the same pass. When it fails or is canceled, its
 * files are gone again. Throws `target-exists`, `no-space`, `not-writable`, `source-changed`, `canceled`, and whatever
 * the input throws.
 */
export async function convertDisk(
  input: DiskInput,
  output: DiskOutput,
  options: RunOptions = {},
): Promise<ConvertOutcome> {
  const cancelable = { signal: options.signal, file: inputName(input), what: 'the conversion' }
  return orCanceled(cancelable, async () => convert(input, output, options))
}

async function convert(input: DiskInput, output: DiskOutput, options: RunOptions): Promise<ConvertOutcome> {
  const started = performance.now()
  const { signal } = options
  const io = { io: 'async' as const, ...(signal ? { signal } : {}) }
  const { path, compression, subformat, name = basename(path) } = output
  const choices = choicesOf(output)
  assertChoices(output.format, { choices, compression, subformat })
  await using opened = await openInput(input, io)
  const { disk, files } = opened
  const { virtualSize } = disk
  await using below = output.backing ? await openBelow(output.backing.disk, { ...io, virtualSize }) : null
  const read = below ? [...files, ...below.files] : files
  using guard = beginGuard(read, options)
  const backing = output.backing && below ? { ...output.backing, disk: below.input } : output.backing
  const format = await rulesOf(output.format).writer()
  const id = output.id ?? (await newIdentity(format))
  const state = new SharedArrayBuffer(format.stateSize({ virtualSize, compression, subformat, choices }))
  const writing = { virtualSize, compression, subformat, choices, id, name, state }
  const writer = format.open({ ...writing, compressors: nodeCompressors })
  const parts = format.parts?.({ virtualSize, subformat, name, id }) ?? []
  const partPaths = parts.map((part) => join(dirname(path), part))
  await using target = await createOutputs(path, partPaths)
  if (writer.reserve) await target.reserve(writer.reserve(), signal)
  const durability = output.durability ?? 'synced'
  const writesBehind = durability === 'synced'
  const targets = target.files.map(({ fd, path: name, allocates }) => ({ fd, name, allocates, writesBehind }))
  // Who asks for room wants blocks that are the image's own.
  const hasOwnRoom = (choices.preallocation ?? 'off') !== 'off'
  const sharesBlocks = files.length > 0 && !hasOwnRoom && output.reflink !== false
  const memory = makeBoardMemory(virtualSize)
  const board = new ChunkBoard(memory)
  const manifest = new Manifest(virtualSize)
  const zeroed = new ZeroedCollection()
  let dataBytes = 0
  const work = runCrew(
    {
      job: {
        do: 'convert',
        input: opened.input,
        board: memory,
        output: { ...output, backing, ...writing, targets, sharesBlocks },
      },
      count: workerCount({ chunks: chunkCount(virtualSize), storedBytes: storedBytes(files) }, options),
      board,
      open: { disks: below ? [disk, below.disk] : [disk], isAlone: opened.isAlone === true },
      file: inputName(input),
      files: read,
      what: 'the conversion',
      onMessage(message) {
        collectLeaves(manifest, message)
        zeroed.take(message)
      },
      async survey(onMarked) {
        const survey = await surveyDisks(below ? [disk, below.disk] : [disk], board.states, {
          ...guarded(guard),
          onMarked,
        })
        dataBytes = survey.dataBytes
        return survey.chunkBytes
      },
    },
    { ...options, ...guarded(guard) },
  )
  await whileGuarded(guard, work)
  await Promise.all([guard.assertNone(), finish()])
  signal?.throwIfAborted()
  const fileSize = await target.keep((file) => writer.fileSize(file), durability)
  const seconds = (performance.now() - started) / 1000
  const digest = hexRoot(manifest)
  const { sharedBytes, doneBytes: readBytes, skippedBytes: zeroBytes } = board.totals
  const about = { virtualSize, dataBytes, readBytes, zeroBytes, fileSize, sharedBytes, parts: partPaths }
  return { ...about, manifest, digest, sha256: null, seconds, zeroed: zeroed.all }

  async function finish(): Promise<void> {
    await target.write(untilAborted(writer.finish(), signal))
    const { seal } = writer
    if (seal) await target.write(seal.writes(await target.digests(seal.ranges())))
    await assertUnchanged(read)
  }
}

/** The tables of a large preallocated image take a while. */
function* untilAborted<T>(items: Iterable<T>, signal: AbortSignal | undefined): Generator<T> {
  for (const item of items) {
    signal?.throwIfAborted()
    yield item
  }
}

function choicesOf({ choices = {}, backing }: DiskOutput): WriteChoices {
  if (!backing) return choices
  const { name, format, parent } = backing
  return { ...choices, backing: { name, format, parent } }
}
