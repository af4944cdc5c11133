import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface ControllerProcess {
  readonly url: string
  /** Sends the signal and waits for the end; gives exit code or signal. */
  end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number | string | null>
}

export interface Exit {
  readonly code: number | string | null
  readonly stderr: string
}

function run(args: readonly string[]): { child: ChildProcess; exit: Promise<Exit> } {
  const main = join(import.meta.dirname, '../main.ts')
  const child = spawn(process.execPath, [main, '--log-level', 'error', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const exit = new Promise<Exit>((resolve) =>
    child.once('close', (code, signal) => resolve({ code: code ?? signal, stderr })),
  )
  return { child, exit }
}

/** Runs a controller that is expected not to start. */
export async function runToEnd(args: readonly string[]): Promise<Exit> {
  return run(args).exit
}

/** A controller as a process of its own. */
export async function startControllerProcess(args: readonly string[]): Promise<ControllerProcess> {
  const { child, exit } = run(args)
  const { stdout } = child
  if (!stdout) throw new Error('the controller has no standard output')
  const url = await Promise.race([
    new Promise<string>((resolve) => {
      createInterface(stdout).on('line', (line) => {
        const [, address] = /^listening (\S+)$/u.exec(line) ?? []
        if (address) resolve(address)
      })
    }),
    exit.then(({ stderr }) => Promise.reject(new Error(`the controller did not start: ${stderr}`))),
  ])
  return {
    url,
    async end(signal) {
      child.kill(signal)
      return (await exit).code
    },
  }
}
