import type { DiskReader } from '@varve/core/disk/disk-reader'
import { overlayDisk } from '@varve/core/disk/overlay-disk'
import type { DiskInput } from './requests.ts'
import { openInput, type OpenInput, type OpenInputOptions } from './open-input.ts'

export interface OpenBelowOptions extends OpenInputOptions {
  /** Of the overlay. */
  readonly virtualSize: number
}

/** The disk under an overlay, as the overlay sees it: cut off at its size, or followed by zeros up to it. */
export async function openBelow(
  input: DiskInput,
  { virtualSize, ...options }: OpenBelowOptions,
): Promise<OpenInput> {
  const opened = await openInput(input, options)
  return {
    disk: overlayDisk(absentDisk(opened.disk.name, virtualSize), opened.disk),
    files: opened.files,
    input: opened.input,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

/** A layer that says nothing at all. */
function absentDisk(name: string, virtualSize: number): DiskReader {
  return {
    name,
    virtualSize,
    async *extents({ start, end }) {
      if (start < end) yield { start, length: end - start, content: 'absent' }
    },
    async readInto(target) {
      target.fill(0)
    },
  }
}
