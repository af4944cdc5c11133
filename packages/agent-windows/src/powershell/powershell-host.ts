import { randomUUID } from 'node:crypto'
import { findPackageJSON } from 'node:module'
import { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { collectEnds } from '@varve/agent/tools/collect-output'
import { endTree } from '@varve/agent/tools/process-tree'
import { DiskError } from '@varve/core/problems/disk-error'
import { execa } from 'execa'
import { z } from 'zod'
import { errorText } from './clixml.ts'
import { ScriptError, ScriptFailure } from './script-error.ts'

const tool = 'PowerShell'
const usualSilenceMs = 60_000
const usualIdleMs = 5 * 60_000
/** Bytes that one call may write. */
const mostAnswer = 16 * 1024 * 1024
const mostStderr = 64 * 1024

/** Beside the package of every program that this is bundled into, in the sources as in an archive. */
const scripts = join(dirname(findPackageJSON(import.meta.url) ?? ''), '../agent-windows/src/scripts')

/** Files of this package, one verb each. */
export type ScriptName =
  | 'checkpoint-machine'
  | 'convert-vhd'
  | 'dismount-image'
  | 'get-disks'
  | 'get-distributions'
  | 'get-drives'
  | 'get-machines'
  | 'get-rights'
  | 'get-volume'
  | 'mount-image'
  | 'online-disk'
  | 'mount-partition'
  | 'optimize-image'
  | 'remove-checkpoint'
  | 'resize-partition'
  | 'resize-vhd'
  | 'restore-checkpoint'
  | 'set-checkpoint-kind'
  | 'scan-volume'
  | 'retrim-disk'
  | 'unmount-partition'
  | 'set-parent'
  | 'test-vhd'

export interface CallOptions {
  /** How long the script may take. */
  readonly silenceMs?: number
  readonly signal?: AbortSignal
}

export interface ScriptCaller {
  /** What the script gives for `parameters`; throws `ScriptError`, `tool-missing`, `tool-failed`, `no-progress`, `canceled`. */
  call(script: ScriptName, parameters?: object, options?: CallOptions): Promise<unknown>
}

export interface PowerShellHostOptions {
  /** Absolute path of `powershell.exe` or `pwsh`. */
  readonly path: string
  /** Where the scripts are; those of this package when not given. */
  readonly folder?: string
  /** How long the process waits for another call before it ends. */
  readonly idleMs?: number
}

const Answer = z.object({ id: z.string(), result: z.unknown().optional(), error: ScriptFailure.optional() })
type Answer = z.infer<typeof Answer>

/** How a process ended while a call waited for it. */
interface Ended {
  readonly exitCode: number | null
  readonly isMissing: boolean
  readonly said: string
}

/**
 * Runs scripts in one PowerShell, one after the other: its start takes longer than most of them. It is started by the first
 * call, ends when none comes for a while, and is started anew where it died, hung, or was ended because a call was canceled.
 * It keeps no program from ending.
 */
export class PowerShellHost implements ScriptCaller, AsyncDisposable {
  readonly #options: PowerShellHostOptions
  #serving: Serving | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #idle: NodeJS.Timeout | null = null

  constructor(options: PowerShellHostOptions) {
    this.#options = options
  }

  async call(script: ScriptName, parameters: object = {}, options: CallOptions = {}): Promise<unknown> {
    const { signal } = options
    const left = Promise.withResolvers<never>()
    let hasTurn = false
    // Before its turn there is nothing to end: another call may take minutes.
    const leave = () => {
      if (!hasTurn) left.reject(canceled(this.#options, script))
    }
    const answer = this.#turn.then(async () => {
      hasTurn = true
      return await this.#callNow(script, parameters, options)
    })
    this.#turn = answer.catch(() => {})
    signal?.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([answer, left.promise])
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#idle) clearTimeout(this.#idle)
    const serving = this.#serving
    this.#serving = null
    await serving?.end()
  }

  async #callNow(
    script: ScriptName,
    parameters: object,
    { silenceMs = usualSilenceMs, signal }: CallOptions,
  ): Promise<unknown> {
    const { path, folder = scripts, idleMs = usualIdleMs } = this.#options
    if (signal?.aborted === true) throw canceled(this.#options, script)
    if (this.#idle) clearTimeout(this.#idle)
    if (this.#serving?.hasEnded === true) this.#serving = null
    const serving = (this.#serving ??= new Serving(this.#options))
    const id = randomUUID()
    const timer = setTimeout(() => serving.leave('silent'), silenceMs)
    const cancel = () => serving.leave('canceled')
    signal?.addEventListener('abort', cancel, { once: true })
    let isKept = false
    try {
      const answer = await serving.ask({ id, script: join(folder, `${script}.ps1`), parameters })
      if (answer === 'canceled') throw canceled(this.#options, script)
      if (answer === 'silent')
        throw new DiskError('no-progress', { file: path, during: script, seconds: silenceMs / 1000 })
      if (answer === 'too-much') throw failed(path, null, `it said more than ${mostAnswer / 1024 ** 2} MiB`)
      if ('exitCode' in answer) throw endedWith(path, answer)
      isKept = true
      if (answer.error) throw new ScriptError(script, answer.error)
      return answer.result
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      if (isKept) this.#idle = setTimeout(() => void this[Symbol.asyncDispose](), idleMs).unref()
      else {
        this.#serving = null
        await serving.end()
      }
    }
  }
}

function canceled({ path: file }: PowerShellHostOptions, what: ScriptName): DiskError {
  return new DiskError('canceled', { file, what })
}

function failed(file: string, exitCode: number | null, stderr: string): DiskError {
  return new DiskError('tool-failed', { file, tool, exitCode, stderr })
}

function endedWith(file: string, { exitCode, isMissing, said }: Ended): DiskError {
  if (isMissing) return new DiskError('tool-missing', { file, tool, install: 'It is part of Windows.' })
  return failed(file, exitCode, said === '' ? 'it ended in the midst of a script' : said)
}

/** What comes of a call; else why nothing more is waited for. */
type Outcome = Answer | Ended | 'too-much' | 'silent' | 'canceled'

interface Asked {
  readonly id: string
  readonly take: (outcome: Outcome) => void
  bytes: number
}

/** One process that runs `serve.ps1`. */
class Serving {
  readonly #running: ReturnType<typeof start>
  readonly #ended: Promise<Ended>
  #asked: Asked | null = null
  #hasEnded = false
  #rest = ''
  /** Of the call. */
  #stderr = collectEnds(mostStderr)

  constructor(options: PowerShellHostOptions) {
    this.#running = start(options)
    const decoder = new StringDecoder('utf8')
    this.#running.stdout.on('data', (bytes: Buffer) => this.#hear(bytes, decoder))
    this.#running.stderr.on('data', (bytes: Uint8Array) => this.#stderr.add(bytes))
    // That it takes no more is told by its end.
    this.#running.stdin.on('error', () => {})
    this.#ended = this.#running.then(({ exitCode, code }) => ({
      exitCode: exitCode ?? null,
      isMissing: code === 'ENOENT',
      said: errorText(Buffer.from(this.#stderr.bytes()).toString('utf8')),
    }))
    void this.#ended.then((ended) => {
      this.#hasEnded = true
      this.#asked?.take(ended)
    })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  async ask(call: {
    readonly id: string
    readonly script: string
    readonly parameters: object
  }): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.#asked = { id: call.id, take: resolve, bytes: 0 }
    this.#rest = ''
    this.#stderr = collectEnds(mostStderr)
    this.#hold(true)
    this.#running.stdin.write(`${JSON.stringify(call)}\n`)
    try {
      return await promise
    } finally {
      this.#asked = null
      this.#hold(false)
    }
  }

  /** Whether this program stays because of it; it ends by itself when its input does. */
  #hold(isHeld: boolean): void {
    const { stdin, stdout, stderr } = this.#running
    const sockets = [stdin, stdout, stderr].filter((stream) => stream instanceof Socket)
    for (const handle of [this.#running.nodeChildProcess, ...sockets]) {
      if (isHeld) handle.ref()
      else handle.unref()
    }
  }

  /** The call is not waited for any more. */
  leave(why: 'silent' | 'canceled'): void {
    this.#asked?.take(why)
  }

  /** Ends it with all that it started. */
  async end(): Promise<void> {
    this.#hold(true)
    this.#running.stdin.end()
    const { pid } = this.#running
    if (pid !== undefined) await endTree(pid)
    await this.#ended
  }

  #hear(bytes: Buffer, decoder: StringDecoder): void {
    const asked = this.#asked
    if (!asked) return
    asked.bytes += bytes.length
    if (asked.bytes > mostAnswer) return asked.take('too-much')
    const lines = (this.#rest + decoder.write(bytes)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const answer = answerIn(line)
      if (answer?.id === asked.id) asked.take(answer)
    }
  }
}

/** Null for what a script or a program wrote to the console beside. */
function answerIn(line: string): Answer | null {
  // Windows PowerShell may begin with a byte order mark.
  const text = line.replace(/^\uFEFF/u, '').trim()
  if (!text.startsWith('{')) return null
  try {
    return Answer.parse(JSON.parse(text))
  } catch {
    return null
  }
}

function start({ path }: PowerShellHostOptions) {
  const file = join(scripts, 'serve.ps1')
  return execa(
    path,
    ['-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', file],
    {
      reject: false,
      buffer: false,
      encoding: 'buffer',
      stdin: 'pipe',
      env: { POWERSHELL_TELEMETRY_OPTOUT: '1', POWERSHELL_UPDATECHECK: 'Off', NO_COLOR: '1' },
      // A group of its own, so that what a script started ends with it.
      detached: process.platform !== 'win32',
    },
  )
}
