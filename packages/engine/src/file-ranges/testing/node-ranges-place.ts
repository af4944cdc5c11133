import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { type TempPlace, tempPlace } from '@varve/test-kit/temp-place'
import type { FileRanges } from '../file-ranges.ts'
import type { RangesPlace } from './file-ranges-contract.ts'

/** Real files in a temporary folder, or in another place that goes with it, for the contract. */
export async function nodeRangesPlace(
  ranges: FileRanges,
  makePlace: () => Promise<TempPlace> = tempPlace,
): Promise<RangesPlace> {
  const place = await makePlace()
  const paths = new Map<number, string>()
  return {
    ranges,
    create(name, size, pieces) {
      const fd = openSync(place.file(name), 'w+')
      paths.set(fd, place.file(name))
      ftruncateSync(fd, size)
      for (const [at, bytes] of pieces) writeSync(fd, bytes, 0, bytes.length, at)
      return fd
    },
    read: (fd) => new Uint8Array(readFileSync(paths.get(fd) ?? '')),
    path: (name) => place.file(name),
    opened: (name) => new Uint8Array(readFileSync(place.file(name))),
    exists: (name) => existsSync(place.file(name)),
    async [Symbol.asyncDispose]() {
      for (const fd of paths.keys()) closeSync(fd)
      await place[Symbol.asyncDispose]()
    },
  }
}
