import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { StartError } from './config.ts'

export interface Child extends AsyncDisposable {
  readonly name: string
  /** Resolves when the process has ended, however. */
  readonly ended: Promise<number | null>
}

export interface ChildOptions {
  readonly name: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Its standard error goes there. */
  readonly logFile: string
  /** The first line of its standard output that matches means that it is ready; the first group is the answer. */
  readonly ready: RegExp
}

const readyMs = 30_000
const stopMs = 5000

/** Starts a Node process and waits until it says that it is ready. */
export async function startChild(
  options: ChildOptions,
  signal: AbortSignal,
): Promise<Child & { readonly answer: string }> {
  signal.throwIfAborted()
  const { name, args, cwd, logFile, ready } = options
  const log = createWriteStream(logFile, { flags: 'a' })
  const child = spawn(process.execPath, [...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let tail = ''
  child.stderr.on('data', (bytes: Buffer) => {
    tail = (tail + bytes.toString('utf8')).slice(-2000)
    log.write(bytes)
  })
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null))
    child.on('exit', (code) => {
      log.end()
      resolve(code)
    })
  })
  const handle: Child = {
    name,
    ended,
    async [Symbol.asyncDispose]() {
      await stop(child, ended)
    },
  }
  try {
    const answer = await Promise.race([
      readyLine(child, ready),
      ended.then((code) => {
        throw new StartError(
          `The ${name} ended with ${code ?? 'an error'}: ${lastLine(tail) || `see ${logFile}`}`,
        )
      }),
      timeOut(`The ${name} did not get ready within ${readyMs / 1000} s: see ${logFile}.`),
      aborted(signal),
    ])
    return { ...handle, answer }
  } catch (error) {
    await stop(child, ended)
    throw error
  }
}

function readyLine(child: ChildProcess, ready: RegExp): Promise<string> {
  const { stdout } = child
  if (!stdout) throw new Error('no standard output')
  return new Promise((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      const match = ready.exec(line)
      if (match) resolve(match[1] ?? '')
    })
  })
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await ended
  clearTimeout(force)
}

function timeOut(message: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new StartError(message)), readyMs).unref()
  })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
