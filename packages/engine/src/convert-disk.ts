import { randomUUID } from 'node:crypto'
import { Manifest, chunkCount } from '@varve/core/digest/disk-digest'
import { assertUnchanged } from './files/file-fingerprint.ts'
import { nodeCompressors } from './codecs/node-codecs.ts'
import type { ConvertOutcome, DiskInput, DiskOutput, RunOptions } from './requests.ts'
import { ChunkBoard, makeBoardMemory } from './run/chunk-board.ts'
import { collectLeaves, hexRoot } from './run/collect-leaves.ts'
import { inputName, openInput } from './run/open-input.ts'
import { createOutput } from './run/output-file.ts'
import { runCrew, workerCount } from './run/run-crew.ts'
import { surveyDisk } from './run/survey-disk.ts'
import { orCanceled } from './run/or-canceled.ts'
import { writerFormat } from './run/writer-formats.ts'

/**
 * Writes the disk `input` as a new image file and computes its digest in the same pass. When it fails or is canceled, the
 * file is gone again. Throws `target-exists`, `no-space`, `not-writable`, `source-changed`, `canceled`, and whatever
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
  const { compression, subformat, id = randomUUID() } = output
  await using opened = await openInput(input, io)
  const { disk, files } = opened
  const { virtualSize } = disk
  const format = await writerFormat(output.format)
  const state = new SharedArrayBuffer(format.stateSize({ virtualSize, compression, subformat }))
  await using target = await createOutput(output.path)
  const memory = makeBoardMemory(virtualSize)
  const board = new ChunkBoard(memory)
  const manifest = new Manifest(virtualSize)
  let dataBytes = 0
  await runCrew(
    {
      job: {
        do: 'convert',
        input,
        board: memory,
        output: { ...output, id, fd: target.fd, virtualSize, state },
      },
      count: workerCount(chunkCount(virtualSize), options),
      board,
      file: inputName(input),
      what: 'the conversion',
      onMessage: (message) => collectLeaves(manifest, message),
      async survey() {
        const survey = await surveyDisk(disk, board.states, io)
        dataBytes = survey.dataBytes
        return survey.chunkBytes
      },
    },
    options,
  )
  const writer = format.open({ virtualSize, compression, subformat, id, compressors: nodeCompressors, state })
  await target.write(writer.finish())
  await assertUnchanged(files)
  signal?.throwIfAborted()
  const fileSize = writer.fileSize()
  await target.keep(fileSize, output.durability ?? 'synced')
  const seconds = (performance.now() - started) / 1000
  return { virtualSize, dataBytes, manifest, digest: hexRoot(manifest), sha256: null, seconds, fileSize }
}
