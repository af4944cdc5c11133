import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeTree } from '@varve/test-kit/build-once'
import { runToolOk } from '@varve/test-kit/tools'
import { statusOf } from './qmp.ts'
import { onLines } from './socket-lines.ts'
import { startQemu, type Qemu } from './start-qemu.ts'

const checkout = resolve(import.meta.dirname, '../../../..')

export interface LabOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface LabDisk {
  /** The device as the guest sees it. */
  readonly device: string
  /** Takes it out of the machine. */
  unplug(): Promise<void>
}

/** A running machine of the lab. */
export interface Lab extends AsyncDisposable {
  /** The host's folder that the guest sees as /host. */
  readonly share: string
  /** Runs a script of bash as root; it may run beside others. */
  run(script: string): Promise<LabOutcome>
  /** The same, and gives its standard output; throws with what it said when it fails. */
  ok(script: string): Promise<string>
  /** Plugs a file of the host in as a SCSI disk that knows discard. */
  plug(file: string, disk: { readonly serial: string; readonly format?: 'raw' | 'qcow2' }): Promise<LabDisk>
  /** A power cut: what the guest has not flushed is lost. */
  cutPower(): Promise<void>
  /** Stands still while `work` is done: a disk that was plugged in is then what a power cut would leave of it. */
  freeze<T>(work: () => Promise<T>): Promise<T>
}

/** Starts a machine from the saved state of the lab in `folder`, on a throw-away disk. */
export async function startLab(folder: string): Promise<Lab> {
  const place = await mkdtemp(join(tmpdir(), 'varve-lab-'))
  const [disk, share] = [join(place, 'disk.qcow2'), join(place, 'share')]
  await mkdir(share)
  const base = join(folder, 'warm.qcow2')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', disk])
  const incoming = ['-incoming', `exec:zstd -q -d -c '${join(folder, 'state.zst')}'`]
  const qemu = await startQemu({ lab: folder, disk, share, checkout, sockets: place }, incoming)
  const jobs = new Map<string, () => void>()
  const up = Promise.withResolvers<void>()
  qemu.ended.addEventListener('abort', () => up.reject(qemu.ended.reason), { once: true })
  onLines(qemu.port, (line) => {
    if (line === 'up') up.resolve()
    else jobs.get(line)?.()
  })
  await resume(qemu)
  qemu.port.write(`${Math.floor(Date.now() / 1000)} ${checkout}\n`)
  await up.promise
  let last = 0
  let isOver = false

  async function run(script: string): Promise<LabOutcome> {
    const id = String((last += 1))
    const job = join(share, id)
    await mkdir(job)
    await writeFile(join(job, 'run'), script)
    await new Promise<void>((resolve, reject) => {
      jobs.set(id, resolve)
      qemu.ended.addEventListener('abort', () => reject(qemu.ended.reason), { once: true })
      qemu.port.write(`${id}\n`)
    })
    jobs.delete(id)
    const [stdout, stderr, code] = await Promise.all(
      ['stdout', 'stderr', 'code'].map((name) => readFile(join(job, name), 'utf8')),
    )
    return { exitCode: Number(code), stdout: stdout ?? '', stderr: stderr ?? '' }
  }

  return {
    share,
    run,
    async ok(script) {
      const { exitCode, stdout, stderr } = await run(script)
      if (exitCode !== 0)
        throw new Error(`the lab: exit code ${exitCode} of\n${script}\n${stderr}\n${stdout}`)
      return stdout.trimEnd()
    },
    async plug(file, { serial, format = 'raw' }) {
      const below = { driver: 'file', filename: file, discard: 'unmap' }
      const node = {
        driver: format,
        'node-name': serial,
        discard: 'unmap',
        'detect-zeroes': 'unmap',
        file: below,
      }
      await qemu.qmp('blockdev-add', node)
      const device = { driver: 'scsi-hd', drive: serial, bus: 'scsi.0', id: `disk-${serial}`, serial }
      await qemu.qmp('device_add', { ...device, rotation_rate: 1 })
      const link = `/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_${serial}`
      const { exitCode } = await run(
        `for n in $(seq 600); do [ -b ${link} ] && exit 0; sleep 0.1; done; exit 1`,
      )
      if (exitCode !== 0) throw new Error(`the lab does not see the disk ${serial}`)
      return {
        device: link,
        async unplug() {
          await qemu.qmp('device_del', { id: `disk-${serial}` })
          await run(`for n in $(seq 600); do [ -b ${link} ] || exit 0; sleep 0.1; done; exit 1`)
          await qemu.qmp('blockdev-del', { 'node-name': serial })
        },
      }
    },
    async cutPower() {
      isOver = true
      await qemu.kill()
    },
    freeze: async (work) => await qemu.freeze(work),
    async [Symbol.asyncDispose]() {
      if (!isOver) await qemu.kill()
      await removeTree(place)
    },
  }
}

async function resume({ qmp, ended }: Qemu): Promise<void> {
  for (;;) {
    ended.throwIfAborted()
    const status = await statusOf(qmp, 'query-status')
    if (status === 'running') return
    if (status === 'paused') return void (await qmp('cont'))
    await sleep(50)
  }
}
