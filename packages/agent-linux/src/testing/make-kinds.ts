import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { loadKoffi } from '@varve/engine/file-ranges/load-koffi'

const [, , root = ''] = process.argv
const kib = 1024
const set = loadKoffi()
  .load(null)
  .func('int lsetxattr(str path, str name, void *value, size_t size, int flags)')

function attribute(path: string, name: string, value: Buffer): void {
  if (set(join(root, path), name, value, value.length, 0) !== 0) throw new Error(`${name} of ${path}`)
}

/** As the kernel has it in an attribute: version 2, then kind, rights and owner of each entry. */
function acl(entries: readonly (readonly [tag: number, rights: number, id?: number])[]): Buffer {
  const bytes = Buffer.alloc(4 + entries.length * 8)
  bytes.writeUInt32LE(2)
  entries.forEach(([tag, rights, id = 0xffffffff], at) => {
    bytes.writeUInt16LE(tag, 4 + at * 8)
    bytes.writeUInt16LE(rights, 6 + at * 8)
    bytes.writeUInt32LE(id, 8 + at * 8)
  })
  return bytes
}
const rights = acl([
  [0x01, 6],
  [0x02, 7, 1234],
  [0x04, 4],
  [0x10, 7],
  [0x20, 0],
])

function file(path: string, content: string | Buffer = 'words\n'): string {
  writeFileSync(join(root, path), content)
  return join(root, path)
}

const deep = Array.from({ length: 12 }, (_, at) => `a folder ${at} with a long name ${'x'.repeat(80)}`).join(
  '/',
)
mkdirSync(join(root, 'sub', deep), { recursive: true })
file(`sub/${deep}/end`)
linkSync(join(root, 'sub', deep, 'end'), join(root, 'twin'))
linkSync(join(root, 'twin'), join(root, 'sub/third'))
writeFileSync(
  Buffer.concat([Buffer.from(`${root}/sub/`), Buffer.from([0xff, 0xfe, 0x0a, 0x27, 0x80])]),
  'odd',
)
file(`it's "a"\n-name`)
file('-rf')
chownSync(file('owned'), 70_000, 70_001)
chmodSync(file('setuid'), 0o4755)
chmodSync(join(root, 'sub'), 0o3751)
for (const name of ['user.words', 'trusted.words', 'security.selinux']) {
  file(name)
  attribute(name, name, Buffer.from('system_u:object_r:etc_t:s0\0'))
}
attribute('user.words', 'user.long', Buffer.alloc(500, 7))
// cap_net_raw=ep, of version 2.
chownSync(file('capable'), 12, 12)
attribute('capable', 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'))
file('listed')
attribute('listed', 'system.posix_acl_access', rights)
attribute('sub', 'system.posix_acl_default', rights)
symlinkSync(`../nowhere/${'y'.repeat(100)}`, join(root, 'way'))
attribute('way', 'trusted.way', Buffer.from('way'))
lutimesSync(join(root, 'way'), 1, 2)
const nodes = [
  ['fifo', 'p'],
  ['disk', 'b', '8', '17'],
  ['null', 'c', '1', '3'],
] as const
for (const [name, ...kind] of nodes) execFileSync('mknod', [join(root, name), ...kind])
file('zeros', Buffer.alloc(256 * kib))
const sparse = openSync(join(root, 'sparse'), 'w')
writeSync(sparse, Buffer.alloc(4 * kib, 1), 0, 4 * kib, 8 * kib)
writeSync(sparse, Buffer.alloc(4 * kib, 2), 0, 4 * kib, 4096 * kib)
ftruncateSync(sparse, 64 * kib * kib)
closeSync(sparse)
file('empty', '')
mkdirSync(join(root, 'empty folder'))
for (let n = 0; n < 300; n += 1) file(`sub/file ${n}`, Buffer.alloc(n * 97, n))
execFileSync('chattr', ['+i', file('immutable')])
execFileSync('chattr', ['+ad', join(root, 'empty folder')])
utimesSync(join(root, 'owned'), 1_700_000_000.25, 2_000_000_000.123456)
utimesSync(join(root, 'sub'), 3, 1_234_567_890.5)
utimesSync(root, 5, 1_111_111_111)
