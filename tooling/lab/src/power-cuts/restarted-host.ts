import { uptime } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import type { Lab } from '../machine/start-lab.ts'

/** Where one looks at what a power cut has left; the disk is mounted at /mnt/disk. */
export type Machine = Pick<Lab, 'run' | 'ok'>

const checkout = resolve(import.meta.dirname, '../../../..')

/**
 * This host as the machine of that name that was started again with the disk, anew for each script: it is up since a moment ago,
 * nothing is left in /run, no process of before is seen, and the disk can be taken out at the end. Its kernel and programs are
 * those of here, in namespaces of their own (unshare(1)).
 */
export function restartedHost(disk: string, name: string): Machine {
  const run: Machine['run'] = async (script) => {
    const namespaces = ['--mount', '--uts', '--ipc', '--pid', '--time']
    const since = `--boottime=-${Math.max(0, Math.floor(uptime()) - 1)}`
    const { exitCode, stdout, stderr } = await execa(
      'unshare',
      [...namespaces, since, '--fork', '--kill-child', '--mount-proc', 'bash', '-c', around, 'bash'],
      {
        reject: false,
        stdin: 'ignore',
        env: {
          DISK: disk,
          NAME: name,
          SCRIPT: script,
          LC_ALL: 'C.UTF-8',
          NODE: process.execPath,
          COMMAND: join(checkout, 'packages/cli/bin/varve.mjs'),
          // What they compile is kept for the next one, as the launcher keeps it.
          NODE_COMPILE_CACHE: join(checkout, '.varve/code-cache'),
        },
      },
    )
    if (exitCode === undefined) throw new Error(`unshare did not run: ${stderr}`)
    return { exitCode, stdout, stderr }
  }
  return {
    run,
    async ok(script) {
      const { exitCode, stdout, stderr } = await run(script)
      if (exitCode !== 0)
        throw new Error(`the host: exit code ${exitCode} of\n${script}\n${stderr}\n${stdout}`)
      return stdout.trimEnd()
    },
  }
}

const around = `set -e
echo -n "$NAME" >/proc/sys/kernel/hostname; mount -t tmpfs run /run; mount -t tmpfs mnt /mnt; mkdir /mnt/disk /mnt/guest
# No udev watches here; a run that began in the lab knows one.
mount -t tmpfs programs /usr/local/sbin; printf '#!/bin/sh\\n' >/usr/local/sbin/udevadm; chmod +x /usr/local/sbin/udevadm
mount -o loop "$DISK" /mnt/disk
varve() { "$NODE" --disable-warning=ExperimentalWarning "$COMMAND" "$@"; }; export -f varve
code=0; bash -c "$SCRIPT" || code=$?
device=$(mountpoint -d /mnt/disk); cd /
umount /mnt/disk || {
  losetup -ln -O NAME,BACK-MAJ:MIN | while read -r loop of; do [ "$of" != "$device" ] || { echo "$loop is left" >&2; losetup -d "$loop"; }; done
  exit 99
}
exit $code`
