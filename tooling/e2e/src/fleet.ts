import { createTRPCClient, httpBatchLink, type TRPCClient } from '@trpc/client'
import type { AppRouter } from '@varve/controller/router/root'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationView, StartMigration } from '@varve/protocol/migrations'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { localAccessHeaders } from '@varve/trust/local-access'
import { ownAccessFolder } from '@varve/trust/own-folders'
import { execa } from 'execa'

export const root = resolve(import.meta.dirname, '../../..')

export interface FleetOptions {
  /** Libraries that the host has besides `images`, as the agent is told them. */
  readonly north?: readonly string[]
  readonly south?: readonly string[]
  /** The program of the agents, from the root of the repository. */
  readonly agent?: string
  /** Of other programs, by whole paths, such as those of another version. */
  readonly programs?: Partial<Readonly<Record<ProcessName, string>>>
  /** The agents have certificates: all between the processes is TLS. */
  readonly joined?: boolean
  /** Everybody on this machine is answered, as a page that has signed in is. */
  readonly isSignInOff?: boolean
}

/** As the user that runs the controller. */
export function accessTo(url: string): Record<string, string> {
  return localAccessHeaders(url, ownAccessFolder(process.env))
}

type ProcessName = 'controller' | 'north' | 'south'

/** A controller and two agents as real processes, each of which can be killed and started again. */
export class Fleet {
  readonly folder: string
  readonly api: TRPCClient<AppRouter>
  readonly url: string
  readonly #port: number
  readonly #options: FleetOptions
  readonly #processes = new Map<ProcessName, ChildProcess>()
  readonly #logs = new Map<ProcessName, string>()

  private constructor(folder: string, port: number, options: FleetOptions) {
    this.folder = folder
    this.#port = port
    this.#options = options
    this.url = `http://127.0.0.1:${port}`
    this.api = createTRPCClient<AppRouter>({
      links: [httpBatchLink({ url: `${this.url}/trpc`, headers: () => accessTo(this.url) })],
    })
  }

  static async start(folder: string, options: FleetOptions = {}): Promise<Fleet> {
    const fleet = new Fleet(folder, await freePort(), options)
    for (const host of ['north', 'south'] as const) await mkdir(fleet.library(host), { recursive: true })
    try {
      await fleet.run('controller')
      const started = await Promise.allSettled([fleet.run('north'), fleet.run('south')])
      for (const one of started) if (one.status === 'rejected') throw one.reason
      return fleet
    } catch (error) {
      await fleet[Symbol.asyncDispose]()
      throw error
    }
  }

  library(host: 'north' | 'south'): string {
    return join(this.folder, host, 'images')
  }

  /** What is in a library now, hidden files too. */
  async files(host: 'north' | 'south'): Promise<string[]> {
    return (await readdir(this.library(host))).sort()
  }

  /** Lets a host join, where it has not yet. */
  async #join(name: 'north' | 'south', program: string, data: string): Promise<void> {
    if (existsSync(join(data, 'membership.json'))) return
    const { text } = await this.api.trust.makeToken.mutate({ pattern: name })
    const url = this.url.replace('http:', 'https:')
    await execa(process.execPath, [program, 'join', url, text, '--name', name, '--data', data], { cwd: root })
  }

  async run(name: ProcessName): Promise<void> {
    const isController = name === 'controller'
    const usual = isController
      ? 'packages/controller/bin/varve-controller.mjs'
      : (this.#options.agent ?? 'packages/agent-linux/bin/varve-agent.mjs')
    const program = this.#options.programs?.[name] ?? usual
    const data = join(this.folder, name, 'agent')
    if (!isController && this.#options.joined === true) await this.#join(name, program, data)
    const args = isController
      ? [
          program,
          '--port',
          String(this.#port),
          '--data',
          join(this.folder, 'controller'),
          '--agent-grace',
          '15',
          ...(this.#options.isSignInOff === true ? ['--no-sign-in'] : []),
        ]
      : [
          program,
          '--controller',
          this.url,
          '--name',
          name,
          '--library',
          `images=${this.library(name)}`,
          ...(this.#options[name] ?? []).flatMap((library) => ['--library', library]),
          '--data',
          data,
        ]
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#processes.set(name, child)
    child.stderr.on('data', (bytes: Buffer) => {
      this.#logs.set(name, ((this.#logs.get(name) ?? '') + bytes.toString('utf8')).slice(-20_000))
    })
    const ready = isController ? /^listening / : /^connected/
    await new Promise<void>((done, fail) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (ready.test(line)) done()
      })
      child.on('exit', (code, signal) =>
        fail(new Error(`${name} ended with ${code ?? signal}: ${this.log(name)}`)),
      )
    })
  }

  /** The process that runs under that name now, or null. */
  pid(name: ProcessName): number | null {
    return this.#processes.get(name)?.pid ?? null
  }

  log(name: ProcessName): string {
    return this.#logs.get(name) ?? ''
  }

  /** Ends a process as a power cut would. */
  async kill(name: ProcessName): Promise<void> {
    await this.#end(name, 'SIGKILL')
  }

  /** Ends a process as an administrator does. */
  async stop(name: ProcessName): Promise<void> {
    await this.#end(name, 'SIGTERM')
  }

  async #end(name: ProcessName, signal: NodeJS.Signals): Promise<void> {
    const child = this.#processes.get(name)
    this.#processes.delete(name)
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((done) => child.on('exit', done))
    child.kill(signal)
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of ['south', 'north', 'controller'] as const) await this.#end(name, 'SIGKILL')
  }

  /** Waits until the inventory has an image. */
  async image(host: string, name: string): Promise<ImageRow> {
    return await waitFor(`${host}:${name} in the inventory`, async () => {
      const page = await this.api.images.list.query({ host, search: name })
      return page.rows.find((row) => row.name === name) ?? null
    })
  }

  async start(
    image: ImageRow,
    target: Pick<StartMigration, 'name' | 'format'> & Partial<StartMigration>,
  ): Promise<MigrationView> {
    const request = { image: image.id, targetHost: 'south', targetLibrary: 'images', ...target } as const
    const plan = await waitFor('a plan with both hosts there', async () => {
      const made = await this.api.migrations.plan.query(request)
      // An agent that was started again is heard a moment later.
      const isEarly = made.kind === 'refusal' && made.problems.some(({ id }) => id.endsWith('-host-offline'))
      return isEarly ? null : made
    })
    if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
    const accepted = plan.warnings.map(({ id }) => id)
    return await this.api.migrations.start.mutate({ ...request, idempotencyKey: randomUUID(), accepted })
  }

  /** Waits until the migration is as `isThere` says; the controller may be away meanwhile. */
  async until(
    id: string,
    what: string,
    isThere: (migration: MigrationView) => boolean,
    everyMs?: number,
  ): Promise<MigrationView> {
    const look = async () => {
      const migration = await this.api.migrations.get.query({ id })
      return isThere(migration) ? migration : null
    }
    return await waitFor(what, look, everyMs)
  }

  /** Asks every `everyMs`; each question costs the controller some milliseconds of a processor. */
  async ended(id: string, everyMs?: number): Promise<MigrationView> {
    const isOver = ({ state }: MigrationView) => ['succeeded', 'failed', 'canceled'].includes(state)
    return await this.until(id, 'the end of the migration', isOver, everyMs)
  }

  /** Waits until the pull moves bytes. */
  async pulling(id: string): Promise<void> {
    await this.until(id, 'the pull', ({ steps, state }) => {
      if (['succeeded', 'failed', 'canceled'].includes(state))
        throw new Error(`the migration ${state} before its pull was seen`)
      return steps.some((step) => step.id === 'pull' && step.state === 'running')
    })
  }
}

const waitMs = 120_000

export async function waitFor<T>(what: string, look: () => Promise<T | null>, everyMs = 20): Promise<T> {
  let last: unknown = null
  for (const startedMs = Date.now(); Date.now() - startedMs < waitMs; await sleep(everyMs)) {
    try {
      const found = await look()
      if (found !== null) return found
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('the migration')) throw error
      last = error
    }
  }
  throw new Error(`waited ${waitMs / 1000} s for ${what}`, { cause: last })
}

export async function freePort(): Promise<number> {
  return await new Promise((done, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address !== null && typeof address === 'object' ? done(address.port) : fail(new Error('no port')),
      )
    })
  })
}
