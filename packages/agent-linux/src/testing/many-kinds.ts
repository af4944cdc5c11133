import { fileURLToPath } from 'node:url'
import { inMounted } from './guest-disks.ts'

const program = fileURLToPath(new URL('make-kinds.ts', import.meta.url))
const leave = 'cd / && umount /mnt'

/** Writes files of every kind, with all that a filesystem knows of them. */
export async function putManyKinds(device: string, type: string): Promise<void> {
  const mounted = type === 'xfs' ? 'rw,nouuid' : 'rw'
  await inMounted(device, mounted, `'${process.execPath}' --no-warnings '${program}' /mnt && ${leave}`)
}

/** All that find and tar see of them, with holes as the kernel tells them; two that are equal are the same files. */
export async function kindsOf(device: string, type: string): Promise<string> {
  const mounted = type === 'xfs' ? 'ro,nouuid,norecovery' : 'ro,noload'
  const archive =
    "tar --create --format=posix --pax-option='delete=atime,delete=ctime' --sort=name --xattrs --xattrs-include='*' --acls --numeric-owner . | sha256sum"
  const listing =
    "find . -printf '%p|%y|%#m|%U|%G|%n|%T@|%l|' \\( -type d -printf '\\n' -o -printf '%s\\n' \\) | LC_ALL=C sort"
  const holes = "stat -c '%n %b' sparse zeros; lsattr -a . | tr -d eI | awk '$1 ~ /[A-Za-z]/' | sort"
  return await inMounted(device, mounted, `${listing}; ${archive}; ${holes}; ${leave}`)
}
