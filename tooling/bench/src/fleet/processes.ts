import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'

/** Linux counts processor time in hundredths of a second on every machine of today. */
const ticksPerSecond = 100
const root = resolve(import.meta.dirname, '../../../..')

/** A controller as a process of its own, on a port that it keeps. */
export class ControllerProcess {
  readonly url: string
  readonly #port: number
  readonly #flags: readonly string[]
  #child: ChildProcess | null = null

  private constructor(port: number, flags: readonly string[]) {
    this.#port = port
    this.#flags = flags
    this.url = `http://127.0.0.1:${port}`
  }

  /** With its data in `data`, and with more flags. */
  static async start(data: string, flags: readonly string[] = []): Promise<ControllerProcess> {
    const controller = new ControllerProcess(await freePort(), ['--data', data, ...flags])
    await controller.run()
    return controller
  }

  /** Starts it, again after `kill`; gives the milliseconds until it answered. */
  async run(): Promise<number> {
    const started = performance.now()
    const program = join(root, 'packages/controller/bin/varve-controller.mjs')
    // Its questions are asked by nobody who signs in: what that costs is not what is measured.
    const own = ['--port', String(this.#port), '--no-sign-in', '--log-level', 'error']
    const args = [program, ...own, ...this.#flags]
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`the controller ended with ${child.exitCode}`)
      await new Promise((done) => setTimeout(done, 20))
    }
    return performance.now() - started
  }

  async #answers(): Promise<boolean> {
    return fetch(`${this.url}/api/health`).then(
      ({ ok }) => ok,
      () => false,
    )
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Bytes of memory that it holds now. */
  memory(): number {
    const text = readFileSync(`/proc/${this.#child?.pid ?? 0}/status`, 'utf8')
    return Number(/^VmRSS:\s+(?<kib>\d+) kB/mu.exec(text)?.groups?.['kib'] ?? 0) * 1024
  }

  /** Seconds of processor time that this run of it has used. */
  cpuSeconds(): number {
    const text = readFileSync(`/proc/${this.#child?.pid ?? 0}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

const Probed = z.object({ failed: z.number(), took: z.record(z.string(), z.array(z.number())) })
export type Probed = z.infer<typeof Probed>

/** Asks the controller as dashboards do, from another process, until `end`. */
export async function startProbe(
  url: string,
  { questions, pauseMs }: { questions: readonly string[]; pauseMs: number },
): Promise<{ end(): Promise<Probed> }> {
  const program = join(import.meta.dirname, 'probe.ts')
  const child = spawn(process.execPath, [program, url, String(pauseMs), ...questions], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    async end() {
      child.kill('SIGTERM')
      const { value } = await lines.next()
      return Probed.parse(JSON.parse(String(value)))
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
