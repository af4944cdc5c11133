import { createTRPCClient, httpBatchLink, type TRPCClient } from '@trpc/client'
import type { AppRouter } from '@varve/controller/router/root'
import type { MemberView, NewJoinToken } from '@varve/protocol/trust'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { accessTo, freePort, root } from './fleet.ts'

const agentProgram = 'packages/agent-linux/bin/varve-agent.mjs'

/** A controller and agents that have joined it, as real processes; everything runs on loopback, the agents by TLS. */
export class TrustedFleet {
  readonly folder: string
  readonly port: number
  readonly api: TRPCClient<AppRouter>
  readonly #children = new Map<string, ChildProcess>()
  readonly #output = new Map<string, string>()

  private constructor(folder: string, port: number) {
    this.folder = folder
    this.port = port
    this.api = createTRPCClient<AppRouter>({
      links: [
        httpBatchLink({
          url: `http://127.0.0.1:${port}/trpc`,
          headers: () => accessTo(`http://127.0.0.1:${port}`),
        }),
      ],
    })
  }

  static async start(folder: string): Promise<TrustedFleet> {
    const fleet = new TrustedFleet(folder, await freePort())
    await fleet.startController()
    return fleet
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  data(name: string): string {
    return join(this.folder, name)
  }

  async startController(): Promise<void> {
    const args = ['packages/controller/bin/varve-controller.mjs', '--port', String(this.port)]
    const child = this.#spawn('controller', [...args, '--data', this.data('controller')])
    await this.#line(child, 'controller', /^listening /u)
  }

  async token(token: NewJoinToken = {}): Promise<string> {
    return (await this.api.trust.makeToken.mutate(token)).text
  }

  /** Runs `varve agent join`; gives its exit code and what it said. */
  async join(name: string, token: string, { url = this.url, data = this.data(name) } = {}) {
    const args = [agentProgram, 'join', url, token, '--name', name, '--data', data]
    const { exitCode, stdout, stderr } = await execa(process.execPath, args, { cwd: root, reject: false })
    return { exitCode, said: stdout + stderr }
  }

  /** Starts an agent on a data folder; does not wait for its welcome. */
  async startAgent(name: string, { data = this.data(name) } = {}): Promise<void> {
    const library = join(data, 'images')
    await mkdir(library, { recursive: true })
    this.#spawn(name, [agentProgram, '--data', data, '--library', `images=${library}`])
  }

  /** A host that has joined and is connected. */
  async host(name: string): Promise<void> {
    const { exitCode, said } = await this.join(name, await this.token())
    if (exitCode !== 0) throw new Error(said)
    await this.startAgent(name)
    await this.state(name, 'connected')
  }

  async state(name: string, wanted: 'connected' | 'offline'): Promise<void> {
    await this.until(`${name} is ${wanted}`, async () => {
      const page = await this.api.fleet.hosts.query({ search: name })
      return page.rows.some((row) => row.name === name && row.state === wanted)
    })
  }

  async members(name: string): Promise<MemberView[]> {
    return (await this.api.trust.view.query()).members.filter((member) => member.name === name)
  }

  /** What a process has written so far, both streams. */
  output(name: string): string {
    return this.#output.get(name) ?? ''
  }

  async until(what: string, check: () => Promise<boolean>, seconds = 60): Promise<void> {
    const end = performance.now() + seconds * 1000
    while (!(await check())) {
      if (performance.now() > end)
        throw new Error(
          `not within ${seconds} s: ${what}\n${Array.from(this.#output, (said) => said.join(': ')).join('\n')}`,
        )
      await sleep(25)
    }
  }

  /** Of the process that runs under that name. */
  pid(name: string): number {
    const pid = this.#children.get(name)?.pid
    if (pid === undefined) throw new Error(`${name} does not run`)
    return pid
  }

  async stop(name: string): Promise<void> {
    const child = this.#children.get(name)
    this.#children.delete(name)
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((done) => child.on('exit', done))
    child.kill('SIGKILL')
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children.keys()].map((name) => this.stop(name)))
  }

  #spawn(name: string, args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#children.set(name, child)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) =>
        this.#output.set(name, (this.output(name) + bytes.toString('utf8')).slice(-40_000)),
      )
    return child
  }

  async #line(child: ChildProcess, name: string, ready: RegExp): Promise<void> {
    const { stdout } = child
    if (!stdout) throw new Error(`${name} has no standard output`)
    await new Promise<void>((done, fail) => {
      createInterface({ input: stdout }).on('line', (line) => {
        if (ready.test(line)) done()
      })
      child.on('exit', (code) => fail(new Error(`${name} ended with ${code}: ${this.output(name)}`)))
    })
  }
}
