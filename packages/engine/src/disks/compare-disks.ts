import { isZero } from '@varve/core/binary/zero-scan'
import { chunkCount, chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { guarded, guardFiles } from '../in-use/guard-files.ts'
import type { CompareOutcome, DiskInput } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { ChunkBoard, makeBoardMemory } from '../run/chunk-board.ts'
import { ZeroedCollection } from '../run/collect-zeroed.ts'
import { inputName, openInput } from '../run/open-input.ts'
import { orCanceled } from '../run/or-canceled.ts'
import { runCrew } from '../run/run-crew.ts'
import { surveyDisk } from '../run/survey-disk.ts'
import { workerCount } from '../run/worker-count.ts'

/** Whether L3 of both is the same, byte by byte and in size. */
export async function compareDisks(
  first: DiskInput,
  second: DiskInput,
  options: RunOptions = {},
): Promise<CompareOutcome> {
  const cancelable = { signal: options.signal, file: inputName(first), what: 'the comparison' }
  return orCanceled(cancelable, async () => compare(first, second, options))
}

async function compare(first: DiskInput, second: DiskInput, options: RunOptions): Promise<CompareOutcome> {
  const { signal } = options
  const io = { io: 'async' as const, ...(signal ? { signal } : {}) }
  await using openFirst = await openInput(first, io)
  await using openSecond = await openInput(second, io)
  const sizes = [openFirst.disk.virtualSize, openSecond.disk.virtualSize] as const
  const common = Math.min(...sizes)
  const memory = makeBoardMemory(common)
  const board = new ChunkBoard(memory)
  const differences: number[] = []
  const zeroed = new ZeroedCollection()
  const read = [...openFirst.files, ...openSecond.files]
  using guard = await guardFiles(read, options)
  await runCrew(
    {
      job: { do: 'compare', inputs: [openFirst.input, openSecond.input], board: memory },
      count: workerCount({ chunks: chunkCount(common) }, options),
      board,
      open: {
        disks: [openFirst.disk, openSecond.disk],
        isAlone: openFirst.isAlone === true || openSecond.isAlone === true,
      },
      file: inputName(first),
      files: read,
      what: 'the comparison',
      onMessage(message) {
        if (message.say === 'differs') differences.push(message.at)
        zeroed.take(message)
      },
      async survey() {
        let bytes = 0
        for (const { disk } of [openFirst, openSecond]) {
          bytes += (await surveyDisk(disk, board.states, { ...guarded(guard), end: common })).chunkBytes
        }
        return bytes
      },
    },
    { ...options, ...guarded(guard) },
  )
  await assertUnchanged(read)
  await guard.assertNone()
  const [a, b] = sizes
  const isTailNext = a !== b && differences.length === 0
  const longer = a > b ? openFirst.disk : openSecond.disk
  const tail = isTailNext ? await whatIsBehind(longer, common, signal) : null
  if (a !== b) differences.push(common)
  const firstDifference = differences.length === 0 ? null : Math.min(...differences)
  return { identical: firstDifference === null, sizes, firstDifference, tail, zeroed: zeroed.all }
}

/** Whether anything but zeros lies behind `start`; reads until the first byte that is not zero. */
async function whatIsBehind(
  disk: DiskReader,
  start: number,
  signal: AbortSignal | undefined,
): Promise<'zeros' | 'data'> {
  const options = signal === undefined ? {} : { signal }
  const buffer = new Uint8Array(chunkSize)
  for await (const extent of disk.extents({ start, end: disk.virtualSize }, options)) {
    if (extent.content !== 'data') continue
    const end = extent.start + extent.length
    for (let at = extent.start; at < end; at += buffer.length) {
      const bytes = buffer.subarray(0, Math.min(buffer.length, end - at))
      await disk.readInto(bytes, at, options)
      if (!isZero(bytes)) return 'data'
    }
  }
  return 'zeros'
}
