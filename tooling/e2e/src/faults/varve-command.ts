import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../fleet.ts'

export interface Ended {
  /** Exit code; null: it was killed. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  kill(): void
  readonly ended: Promise<Ended>
}

/** The command as a process of its own; `state`: where it keeps its runs. */
export function varve(args: readonly string[], state?: string): Running {
  const child = spawn(process.execPath, [join(root, 'packages/cli/bin/varve.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(state !== undefined && { env: { ...process.env, XDG_STATE_HOME: state } }),
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  return {
    kill: () => void child.kill('SIGKILL'),
    ended: new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, stdout, stderr }))
    }),
  }
}

/** The digest of an image, read by a command of its own; throws with its words when it cannot be read. */
export async function digestOf(path: string): Promise<string> {
  const { code, stdout, stderr } = await varve(['digest', '--json', path]).ended
  if (code !== 0) throw new Error(stderr)
  const value: unknown = JSON.parse(stdout)
  if (typeof value !== 'object' || value === null || !('digest' in value)) throw new Error('no digest')
  return String(value.digest)
}
