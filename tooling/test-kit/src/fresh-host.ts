import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

/** Stands in for systemd: notes what it is asked, and runs what the drop-in says as the service would. */
const systemctl = `#!/bin/sh
echo "systemctl $*" >>/run/asked
case $1 in
  restart)
    [ ! -e /run/agent.pid ] || kill "$(cat /run/agent.pid)"
    conf=/etc/systemd/system/varve-agent.service.d/install.conf
    sed -n 's/^Environment=//p' $conf | sed 's/^"\\(.*\\)"$/\\1/' >/run/environment
    while IFS= read -r one; do export "$(printf %b "$one")"; done </run/environment
    export VARVE_AGENT_DATA=/var/lib/varve/agent
    $(sed -n 's/^ExecStart=\\(.\\)/\\1/p' $conf) >/run/journal 2>&1 </dev/null &
    echo $! >/run/agent.pid
    ;;
  disable) [ ! -e /run/agent.pid ] || { kill "$(cat /run/agent.pid)"; rm /run/agent.pid; sleep 0.5; } ;;
  show) echo 0123 ;;
esac
`

/** A host as the script meets it, in namespaces of its own: what it installs into is empty, and gone at the end. */
export interface FreshHost {
  /** Runs a script as root, after what it stands on; both streams together. */
  run(
    script: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<{ exitCode: number | undefined; said: string }>
  /** Puts a program before those of the system. */
  standIn(name: string, text: string): Promise<void>
}

/** What a fresh host needs of the one that tests. */
export const freshHostTools = ['unshare', 'mount', 'curl', 'tar', 'gzip', 'sha256sum', 'dash'] as const

const folders = ['/opt', '/srv', '/usr/local/bin', '/etc/systemd/system', '/var/lib', '/var/cache', '/run']

export async function freshHost(folder: string): Promise<FreshHost> {
  const bin = join(folder, 'bin')
  const home = join(folder, 'home')
  await Promise.all([mkdir(bin, { recursive: true }), mkdir(home, { recursive: true })])
  const standIn = async (name: string, text: string) => {
    await writeFile(join(bin, name), text)
    await chmod(join(bin, name), 0o755)
  }
  await standIn('systemctl', systemctl)
  await standIn('journalctl', '#!/bin/sh\ncat /run/journal\n')
  await standIn('sudo', '#!/bin/sh\nexec "$@"\n')
  const isRoot = process.getuid?.() === 0
  const own = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...(isRoot ? [] : ['--map-root-user']),
  ]
  const mounts = folders.map((place) => `mount -t tmpfs fresh ${place}`).join('\n')
  return {
    standIn,
    async run(script, env = {}) {
      const text = `${mounts}\n/bin/mkdir -p /run/systemd/system\ncd "$HOME"\n${script}`
      const { exitCode, all } = await execa('unshare', [...own, 'sh', '-uc', text], {
        env: { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: home, ...env },
        extendEnv: false,
        reject: false,
        all: true,
        timeout: 90_000,
      })
      return { exitCode, said: all }
    },
  }
}
