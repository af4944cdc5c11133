import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildOnce, buildsOf } from '@varve/test-kit/build-once'
import { aptSources } from '@varve/test-kit/private-apt'
import { runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { suite } from '../build/recipe.ts'

/** Programs of the host that it takes. */
export const debianTools = ['mmdebstrap', 'unshare', 'nsenter', 'mount', 'ip'] as const

/** Debian's smallest system with its init, and what the line for Linux asks for. */
const packages = ['systemd', 'systemd-sysv', 'dbus', 'curl']
const left = ['man', 'locale', 'doc'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`)

/** A fresh Debian that systemd runs, in namespaces of its own; of the network it has its own loopback only. */
export interface Debian extends AsyncDisposable {
  /** Its files, as the host sees them. */
  readonly root: string
  /** Words before a command of the host that is to run in its network. */
  readonly inNetwork: readonly string[]
  /** Runs a script as root in it. */
  run(script: string): Promise<{ readonly exitCode: number | undefined; readonly said: string }>
}

/** Installed once and kept; needs root and this machine's mirrors. */
async function installed(): Promise<string> {
  const key = createHash('sha256')
    .update([suite, ...packages, ...left].join('\n'))
    .digest('hex')
  const folder = join(buildsOf('lab'), `debian-${key.slice(0, 16)}`)
  return await buildOnce(folder, async (made) => {
    const { name, text } = await aptSources()
    // The folder is the root itself: its list of sources lies beside it.
    const sources = `${made}-${name}`
    try {
      await writeFile(sources, text)
      await runToolOk('mmdebstrap', [
        '--quiet',
        '--variant=minbase',
        '--mode=root',
        `--include=${packages.join(',')}`,
        '--aptopt=Apt::Install-Recommends "false"',
        '--dpkgopt=force-unsafe-io',
        ...left,
        suite,
        made,
        sources,
      ])
      // A folder that is made for one user would be a root that only root may enter.
      await chmod(made, 0o755)
    } finally {
      await rm(sources, { force: true })
    }
  })
}

/** Makes what init needs of a container around it, and becomes it. */
const becomeInit = `
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
for name in null zero full random urandom tty; do
  touch "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
ip link set lo up
hostname -F "$root/etc/hostname"
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
rmdir /.old
exec env -i container=varve PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no
`

const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc', '--cgroup']
const clean = ['env', '-i', 'HOME=/root', 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']
const bootMs = 60_000

/** Boots a copy of it in `folder`, under the name `host`. */
export async function startDebian(folder: string, host: string): Promise<Debian> {
  const root = join(folder, 'debian')
  await runToolOk('cp', ['-a', '--reflink=auto', await installed(), root])
  await writeFile(join(root, 'etc/hostname'), `${host}\n`)
  await writeFile(join(root, 'etc/machine-id'), '')
  const init = spawn(
    'unshare',
    [...namespaces, '--fork', '--kill-child', 'sh', '-euc', becomeInit, 'sh', root],
    {
      stdio: 'ignore',
    },
  )
  const ended = new Promise((resolve) => init.once('exit', resolve))
  const end = async () => {
    init.kill('SIGKILL')
    await ended
  }
  try {
    const pid = await firstChild(init.pid ?? 0)
    const enter = ['nsenter', '-t', pid, '-m', '-p', '-n', '-u', '-i', '-C', '-r', '-w']
    const run = async (script: string) => {
      const [command, ...args] = [...enter, ...clean, 'sh', '-uc', script]
      const { exitCode, all } = await execa(command, args, { reject: false, all: true, timeout: 120_000 })
      return { exitCode, said: all }
    }
    const until = performance.now() + bootMs
    while (!/running|degraded/u.test((await run('systemctl is-system-running')).said)) {
      if (performance.now() > until)
        throw new Error(`systemd does not come up: ${(await run('journalctl -b')).said}`)
      await sleep(100)
    }
    return { root, run, inNetwork: ['nsenter', '-t', pid, '-n'], [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

async function firstChild(pid: number): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')
    // Before it has become init, it is not in its own root yet.
    if (child !== undefined && child !== '') {
      const name = await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '')
      if (name.trim() === 'systemd') return child
    }
    await sleep(50)
  }
  throw new Error('init of the fresh Debian was not started')
}
