import { constants } from 'node:os'
import { loadKoffi } from '@varve/engine/file-ranges/load-koffi'
import { SystemError } from '@varve/engine/system/system-error'

const koffi = loadKoffi()
const library = koffi.load(null)
const listNames = library.func('long llistxattr(void *path, void *list, size_t size)')
const getValue = library.func('long lgetxattr(void *path, void *name, void *value, size_t size)')

/** Linux lets names and values be no longer than this. */
const buffer = Buffer.alloc(64 * 1024)
/** The filesystem has none, or it went between two looks. */
const none = new Set([constants.errno.ENOTSUP, constants.errno.EOPNOTSUPP, constants.errno.ENODATA])

/** The extended attributes of what has that name itself, in the order of the bytes of their names. */
export function readAttributes(path: Buffer): readonly (readonly [name: Buffer, value: Buffer])[] {
  const ended = Buffer.concat([path, Buffer.alloc(1)])
  const length = called(listNames(ended, buffer, buffer.length), 'llistxattr')
  if (length <= 0) return []
  const names = Buffer.from(buffer.subarray(0, length))
  return splitNames(names)
    .sort((one, other) => one.compare(other))
    .map((name) => {
      const size = called(
        getValue(ended, Buffer.concat([name, Buffer.alloc(1)]), buffer, buffer.length),
        'lgetxattr',
      )
      return [name, Buffer.from(buffer.subarray(0, Math.max(0, size)))]
    })
}

function called(result: number | bigint, call: string): number {
  const length = Number(result)
  if (length >= 0 || none.has(koffi.errno())) return length
  throw new SystemError(koffi.errno(), call)
}

function splitNames(names: Buffer): Buffer[] {
  const found: Buffer[] = []
  let start = 0
  for (let end = names.indexOf(0); end >= 0; end = names.indexOf(0, start)) {
    found.push(names.subarray(start, end))
    start = end + 1
  }
  return found
}
