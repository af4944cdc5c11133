import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { findTool } from '@varve/test-kit/tools'

/** An NBD server of somebody else, on a Unix socket; ends with its scope. */
export interface ToolServer extends AsyncDisposable {
  readonly path: string
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
}

/** Starts `tool` in the foreground and waits until it listens on its socket at `path`. */
export async function startToolServer(
  tool: string,
  args: readonly string[],
  path: string,
): Promise<ToolServer> {
  const file = findTool(tool)
  if (file === null) throw new Error(`${tool} is not installed`)
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  while (!(await listens(path))) {
    if (child.exitCode !== null) throw new Error(`${tool} ended with ${child.exitCode}: ${said}`)
    await sleep(20)
  }
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return { path, kill, [Symbol.asyncDispose]: kill }
}

/** Between the making of its socket and its listening a server refuses connections; Linux tells which it is (proc(5)). */
async function listens(path: string): Promise<boolean> {
  if (process.platform !== 'linux') return existsSync(path)
  const acceptsConnections = '00010000'
  const sockets = await readFile('/proc/net/unix', 'utf8')
  return sockets
    .split('\n')
    .some((line) => line.endsWith(` ${path}`) && line.split(' ')[3] === acceptsConnections)
}
