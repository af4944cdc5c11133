import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { findTool } from '@varve/test-kit/tools'

/** An NBD server of somebody else, on a Unix socket; ends with its scope. */
export interface ToolServer extends AsyncDisposable {
  readonly path: string
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
}

/** Starts `tool` in the foreground and waits until it made its socket at `path`. */
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
  while (!existsSync(path)) {
    if (child.exitCode !== null) throw new Error(`${tool} ended with ${child.exitCode}: ${said}`)
    await sleep(20)
  }
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return { path, kill, [Symbol.asyncDispose]: kill }
}
