import { setImmediate as turn } from 'node:timers/promises'
import { UnitCounter } from '@varve/core/layers/give-back'
import { tellFates } from '@varve/core/layers/tell-fates'
import { DiskError } from '@varve/core/problems/disk-error'
import { eachRun, noRuns, RunCollector, type RunList } from '@varve/core/ranges/run-list'
import { readFreeSpace } from '@varve/core/scan/free-space'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { openInput } from '../run/open-input.ts'
import { orCanceled } from '../run/or-canceled.ts'
import { writeError } from '../system/system-error.ts'
import { openDevice, type OpenDevice } from './open-device.ts'

export interface DiscardedDevice {
  readonly path: string
  /** Bytes that what is below it gives and takes at once. */
  readonly unit: number
  /** Free blocks of filesystems are left as they are. */
  readonly zerosOnly: boolean
}

/** Bytes of the units that were given back, whether anything was held for them or not. */
export interface Discarded {
  readonly free: number
  readonly zeros: number
}

interface Options {
  readonly signal: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Gives the units of a block device back in which there is nothing but zeros and blocks that its filesystems call free, and
 * has that on the medium. May be called again. Throws `in-use`, `not-writable`, `canceled`, and `refused` where the device
 * takes no discards.
 */
export async function discardFree(target: DiscardedDevice, options: Options): Promise<Discarded> {
  const cancelable = { signal: options.signal, file: target.path, what: 'the giving back of free blocks' }
  return await orCanceled(cancelable, async () => {
    await using device = await openDevice(target.path)
    const { runs, ...given } = await findUnneeded(target, options)
    await discardRuns(device, runs, { ...target, signal: options.signal })
    return given
  })
}

async function findUnneeded(
  { path, unit, zerosOnly }: DiscardedDevice,
  { signal, onProgress }: Options,
): Promise<Discarded & { readonly runs: RunList }> {
  const input = { kind: 'image', path, roots: null, format: 'raw' } as const
  await using opened = await openInput(input, { io: 'async', signal })
  const { disk } = opened
  const { free } = zerosOnly ? { free: noRuns } : await readFreeSpace(disk, { signal })
  const runs = new RunCollector()
  const counter = new UnitCounter(unit, disk.virtualSize, runs)
  await tellFates(disk, free, { signal, reads: true, step: unit, onProgress }, (...piece) =>
    counter.add(...piece),
  )
  const given = counter.result()
  return { free: given.free, zeros: given.zeros, runs: runs.list() }
}

/** One call of the kernel that cannot be cut short. */
const longest = 256 * 1024 ** 2

async function discardRuns(
  { handle }: OpenDevice,
  runs: RunList,
  { path, unit, signal }: DiscardedDevice & Pick<Options, 'signal'>,
): Promise<void> {
  // Of a unit that is cut in two nothing is given back.
  const piece = Math.max(unit, Math.floor(longest / unit) * unit)
  try {
    for (const { start, end } of eachRun(runs))
      for (let at = start; at < end; at += piece) {
        signal.throwIfAborted()
        if (!hostFileRanges().discard(handle.fd, { start: at, end: Math.min(end, at + piece) }))
          throw noDiscards(path)
        await turn()
      }
    await handle.sync()
  } catch (error) {
    throw writeError(error, path)
  }
}

function noDiscards(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'its device takes no discards, so that nothing can be given back',
    remedy: 'Have a thin pool take them: lvm lvchange --discards passdown VG/POOL.',
    layer: 'L1',
  })
}
