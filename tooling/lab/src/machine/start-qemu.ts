import { once } from 'node:events'
import { spawn, type ChildProcess } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { qemuArguments, socketsOf, type MachineFiles } from './qemu-arguments.ts'
import { connectQmp, type Qmp } from './qmp.ts'
import { connectWhenThere } from './socket-lines.ts'

/** A QEMU that runs, its protocol, and the guest's port. */
export interface Qemu {
  readonly qmp: Qmp
  readonly port: Socket
  /** Aborted when the process has ended. */
  readonly ended: AbortSignal
  /** Ends it at once, as a power cut does. */
  kill(): Promise<void>
  /** Stands still, every thread of it, while `work` is done: its files are then what `kill` would leave. */
  freeze<T>(work: () => Promise<T>): Promise<T>
  /** Waits for its own end. */
  exit(): Promise<void>
}

/** Starts a machine of the lab; throws what QEMU said when it ends before it can be talked to. */
export async function startQemu(files: MachineFiles, extra: readonly string[] = []): Promise<Qemu> {
  const child = spawn('qemu-system-x86_64', [...qemuArguments(files), ...extra], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new AbortController()
  const said = wordsOf(child)
  const gone = once(child, 'exit').then(([code]) =>
    ended.abort(new Error(`the lab's QEMU has ended (${String(code)}): ${said()}`)),
  )
  child.on('error', (error) => ended.abort(error))
  const { qmp, port } = socketsOf(files.sockets)
  try {
    return {
      port: await connectWhenThere(port, ended.signal),
      qmp: await connectQmp(qmp, ended.signal),
      ended: ended.signal,
      async kill() {
        child.kill('SIGKILL')
        await gone
      },
      async freeze(work) {
        child.kill('SIGSTOP')
        try {
          while (!(await isStopped(child.pid))) {
            ended.signal.throwIfAborted()
            await sleep(1)
          }
          return await work()
        } finally {
          child.kill('SIGCONT')
        }
      },
      exit: () => gone,
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** A thread stops when what it asked of the kernel is done: none of it still writes. */
async function isStopped(pid: number | undefined): Promise<boolean> {
  const threads = `/proc/${pid}/task`
  for (const thread of await readdir(threads)) {
    const stat = await readFile(`${threads}/${thread}/stat`, 'utf8')
    if (!stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')) return false
  }
  return true
}

function wordsOf(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-2000)
  })
  return () => tail.trim()
}
