import { chunkSize } from '@varve/core/digest/disk-digest'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ExportFacts, NbdClient } from '@varve/nbd/client'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { guarded, guardFiles } from '../in-use/guard-files.ts'
import type { NbdInput } from '../run/nbd-input.ts'
import type { DigestOutcome, DiskInput } from '../run/requests.ts'
import { connectInput } from '../run/connect-input.ts'
import { inputName, openInput } from '../run/open-input.ts'
import { orCanceled } from '../run/or-canceled.ts'
import type { RunOptions } from '../run/run-options.ts'
import { zeroChunk } from '../run/zero-chunk.ts'
import { copyDisk, type DiskSink } from './disk-copy.ts'

export type WrittenExport = Pick<DigestOutcome, 'digest' | 'virtualSize' | 'dataBytes' | 'seconds'>

/** What an export is like that may be written to. */
export async function exportFacts(
  target: NbdInput,
  signal: AbortSignal,
): Promise<Pick<ExportFacts, 'size' | 'isReadOnly'>> {
  await using client = await connect(target, signal)
  const { size, isReadOnly } = client.facts
  return { size, isReadOnly }
}

/**
 * Writes the disk `input` over an export of its size, zeros too, and flushes it. It begins at the start each time: what was written
 * by an attempt that died is written again. Throws `not-writable`, `size-unsupported`, `source-changed`, `in-use`, `canceled`.
 */
export async function writeExport(
  input: DiskInput,
  target: NbdInput,
  options: RunOptions = {},
): Promise<WrittenExport> {
  const file = inputName(target)
  return await orCanceled({ signal: options.signal, file, what: 'the writing of the export' }, async () =>
    write(input, target, options),
  )
}

async function write(input: DiskInput, target: NbdInput, options: RunOptions): Promise<WrittenExport> {
  const started = performance.now()
  const { signal } = options
  await using opened = await openInput(input, { io: 'async', ...(signal && { signal }) })
  const { disk, files } = opened
  await using client = await connect(target, signal)
  assertFits(inputName(target), client.facts, disk.virtualSize)
  using guard = await guardFiles(files, options)
  const copied = await copyDisk(disk, exportSink(client), {
    ...options,
    ...guarded(guard),
    async finish() {
      if (client.facts.canFlush) await client.flush(guarded(guard))
      await assertUnchanged(files)
      await guard.assertNone()
    },
  })
  return { ...copied, seconds: (performance.now() - started) / 1000 }
}

async function connect(target: NbdInput, signal: AbortSignal | undefined): Promise<NbdClient> {
  return await connectInput(target, signal ? { signal } : {})
}

function assertFits(file: string, { size, isReadOnly, blockSize }: ExportFacts, virtualSize: number): void {
  if (isReadOnly) throw new DiskError('not-writable', { file, reason: 'its server offers it read-only' })
  if (size !== virtualSize || size % blockSize.minimum !== 0)
    throw new DiskError('size-unsupported', {
      file,
      format: 'This NBD export',
      size: virtualSize,
      reason: `it has ${size} bytes, and is written as a whole only`,
    })
}

function exportSink(client: NbdClient): DiskSink {
  return {
    write: async (bytes, at, options) => client.write(bytes, at, options),
    async zero(range, options) {
      if (client.facts.canWriteZeroes) return await client.writeZeroes(range, options)
      for (let at = range.start; at < range.end; at += chunkSize)
        await client.write(zeroChunk.subarray(0, range.end - at), at, options)
    },
  }
}
