/** The program of Wine in its root, and what ends with the last program of a Windows. */
export const wine = '/usr/lib/wine/wine64'
export const wineServer = '/usr/lib/wine/wineserver64'

/** Words before a root and a program that run the program in it with what Wine is told of its surroundings. */
export const inRoot: readonly [string, ...string[]] = [
  'env',
  '-i',
  'HOME=/root',
  'LC_ALL=C.UTF-8',
  'PATH=/usr/bin:/usr/sbin:/bin:/sbin',
  'WINEPREFIX=/root/.wine',
  `WINESERVER=${wineServer}`,
  'WINEDEBUG=-all',
  'WINEDLLOVERRIDES=mscoree=;mshtml=',
  'chroot',
]

const quoted = inRoot.map((word) => `'${word}'`).join(' ')

/** Namespaces that end with the process that made them, with all that runs in them and is mounted. */
export const namespaces = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-euc'] as const

/** A script's lines that mount what the root `$root` needs. */
export const mounts = `
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --bind /dev "$root/dev"`

/** Words for `unshare`, before a root and a program, that run the program and wait for all that it started. */
export const onceInRoot = [
  ...namespaces,
  `root=$1
shift
mount --make-rprivate /${mounts}
${quoted} "$root" "$@" </dev/null >/dev/null 2>&1
${quoted} "$root" ${wineServer} -w`,
  'sh',
] as const
