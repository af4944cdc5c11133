import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeTree } from '@varve/test-kit/build-once'
import { runToolOk } from '@varve/test-kit/tools'
import { statusOf } from '../machine/qmp.ts'
import { onLines } from '../machine/socket-lines.ts'
import { startQemu, type Qemu } from '../machine/start-qemu.ts'

/** Boots the lab in `lab` once and saves its memory, so that it is started in seconds; nothing of the host is mounted yet, which QEMU could not save. */
export async function saveState(lab: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-lab-'))
  const [disk, state, share] = [join(lab, 'warm.qcow2'), join(lab, 'state.zst'), join(folder, 'share')]
  try {
    await mkdir(share)
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', 'root.qcow2', '-F', 'qcow2', disk])
    const qemu = await startQemu({ lab, disk, share, checkout: share, sockets: folder })
    try {
      await untilReady(qemu)
      const { qmp } = qemu
      await qmp('stop')
      await qmp('migrate-set-parameters', { 'max-bandwidth': 2 ** 34 })
      await qmp('migrate', { uri: `exec:zstd -q -1 -o ${shellWord(state)}` })
      for (;;) {
        const status = await statusOf(qmp, 'query-migrate')
        if (status === 'completed') break
        if (status === 'failed') throw new Error('the state of the lab could not be saved')
        qemu.ended.throwIfAborted()
        await sleep(100)
      }
    } finally {
      await qemu.kill()
    }
  } finally {
    await removeTree(folder)
  }
}

async function untilReady({ port, ended }: Qemu): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    ended.addEventListener('abort', () => reject(ended.reason), { once: true })
    onLines(port, (line) => {
      if (line === 'ready') resolve()
    })
  })
}

function shellWord(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
