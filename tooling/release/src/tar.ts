import { bytesOf, foldersOf, sortTree, type TreeEntry } from './tree.ts'

const block = 512
/** What tar(1) writes in one record; readers of tapes wanted that, and `tar` still fills it up. */
const record = 20 * block

interface Head {
  readonly path: string
  readonly type: '0' | '2' | '5'
  readonly mode: number
  readonly size: number
  readonly target: string
}

/**
 * A ustar archive (POSIX.1-1988) that has the same bytes for the same tree: sorted, of root, of one time.
 * `prefix`: what stands before each path.
 */
export async function* writeTar(
  tree: readonly TreeEntry[],
  { seconds, prefix = '' }: { readonly seconds: number; readonly prefix?: string },
): AsyncGenerator<Uint8Array> {
  let written = 0
  const head = (entry: Head) => {
    written += block
    return tarHead({ ...entry, path: `${prefix}${entry.path}` }, seconds)
  }
  for (const path of foldersOf(tree))
    yield head({ path: `${path}/`, type: '5', mode: 0o755, size: 0, target: '' })
  for (const entry of sortTree(tree)) {
    const { path } = entry
    if (entry.kind === 'link') {
      yield head({ path, type: '2', mode: 0o777, size: 0, target: entry.to })
      continue
    }
    const bytes = await bytesOf(entry)
    yield head({ path, type: '0', mode: entry.mode, size: bytes.length, target: '' })
    yield bytes
    const rest = padding(bytes.length, block)
    written += bytes.length + rest
    yield new Uint8Array(rest)
  }
  yield new Uint8Array(2 * block + padding(written + 2 * block, record))
}

function padding(length: number, unit: number): number {
  return (unit - (length % unit)) % unit
}

/** `name` at 0, `mode` 100, `uid` 108, `gid` 116, `size` 124, `mtime` 136, `chksum` 148, `typeflag` 156, `linkname` 157, `magic` 257, `prefix` 345. */
function tarHead({ path, type, mode, size, target }: Head, seconds: number): Uint8Array {
  const head = Buffer.alloc(block)
  const [folder, name] = splitPath(path)
  if (Buffer.byteLength(target) > 100) throw new Error(`${path}: its target is too long for a tar archive`)
  head.write(name, 0)
  const octal = (value: number, at: number, digits: number) =>
    head.write(value.toString(8).padStart(digits, '0'), at)
  octal(mode, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(size, 124, 11)
  octal(seconds, 136, 11)
  head.write(' '.repeat(8), 148)
  head.write(type, 156)
  head.write(target, 157)
  head.write('ustar\0' + '00', 257)
  head.write('root', 265)
  head.write('root', 297)
  head.write(folder, 345)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return head
}

/** A path of more than 100 bytes is parted at a slash: at most 155 bytes before it. */
function splitPath(path: string): [folder: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path]
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const [folder, name] = [path.slice(0, at), path.slice(at + 1)]
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(folder) <= 155)
      return [folder, name]
  }
  throw new Error(`${path} is too long for a tar archive`)
}
