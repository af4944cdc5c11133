import { Manifest, chunkCount } from '@varve/core/digest/disk-digest'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { beginGuard, guarded, whileGuarded } from '../in-use/guard-files.ts'
import type { DigestOutcome, DiskInput } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { ChunkBoard, makeBoardMemory } from '../run/chunk-board.ts'
import { collectLeaves, hexRoot } from '../run/collect-leaves.ts'
import { ZeroedCollection } from '../run/collect-zeroed.ts'
import { inputName, openInput, storedBytes } from '../run/open-input.ts'
import { orCanceled } from '../run/or-canceled.ts'
import { runCrew } from '../run/run-crew.ts'
import { surveyDisk } from '../run/survey-disk.ts'
import { workerCount } from '../run/worker-count.ts'

export interface DigestOptions extends RunOptions {
  /** Also the plain SHA-256 over the whole stream, in the same pass; one thread then does all. */
  readonly sha256?: boolean
}

/** The disk digest of `input`. Throws `source-changed`, `canceled`, and whatever the input throws. */
export async function digestDisk(input: DiskInput, options: DigestOptions = {}): Promise<DigestOutcome> {
  const cancelable = { signal: options.signal, file: inputName(input), what: 'the digest' }
  return orCanceled(cancelable, async () => digest(input, options))
}

async function digest(input: DiskInput, options: DigestOptions): Promise<DigestOutcome> {
  const started = performance.now()
  const { signal, sha256: withSha256 = false } = options
  const io = { io: 'async' as const, ...(signal ? { signal } : {}) }
  await using opened = await openInput(input, io)
  const { disk, files } = opened
  const { virtualSize } = disk
  using guard = beginGuard(files, options)
  const memory = makeBoardMemory(virtualSize)
  const board = new ChunkBoard(memory)
  const manifest = new Manifest(virtualSize)
  let dataBytes = 0
  let sha256: string | null = null
  const zeroed = new ZeroedCollection()
  const work = runCrew(
    {
      job: { do: 'digest', input: opened.input, board: memory, sha256: withSha256 },
      count: withSha256
        ? 1
        : workerCount({ chunks: chunkCount(virtualSize), storedBytes: storedBytes(files) }, options),
      board,
      open: { disks: [disk], isAlone: opened.isAlone === true },
      file: inputName(input),
      files,
      what: 'the digest',
      onMessage(message) {
        if (message.say === 'sha256') sha256 = message.hex
        else collectLeaves(manifest, message)
        zeroed.take(message)
      },
      async survey(onMarked) {
        const survey = await surveyDisk(disk, board.states, { ...guarded(guard), onMarked })
        dataBytes = survey.dataBytes
        return survey.chunkBytes
      },
    },
    { ...options, ...guarded(guard) },
  )
  await whileGuarded(guard, work)
  await assertUnchanged(files)
  await guard.assertNone()
  const seconds = (performance.now() - started) / 1000
  const { doneBytes: readBytes, skippedBytes: zeroBytes } = board.totals
  return {
    virtualSize,
    dataBytes,
    readBytes,
    zeroBytes,
    manifest,
    digest: hexRoot(manifest),
    sha256,
    seconds,
    zeroed: zeroed.all,
  }
}
