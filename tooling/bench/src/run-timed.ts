import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Command {
  readonly file: string
  readonly args: readonly string[]
}

/** Seconds from start to end of the whole process; throws when it fails. */
export async function timeCommand(command: Command): Promise<number> {
  const started = performance.now()
  await run(command, () => {})
  return (performance.now() - started) / 1000
}

const sampleMs = 10

/** Most memory the process had at any time, in bytes (`VmHWM`, sampled until shortly before its end). */
export async function peakMemory(command: Command): Promise<number> {
  let peak = 0
  let timer: NodeJS.Timeout | null = null
  await run(command, (pid) => {
    timer = setInterval(() => {
      peak = Math.max(peak, highWater(pid))
    }, sampleMs)
  })
  if (timer) clearInterval(timer)
  return peak
}

function highWater(pid: number): number {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(found?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

async function run({ file, args }: Command, onStart: (pid: number) => void): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (bytes: Buffer) => {
    stderr = (stderr + bytes.toString()).slice(-2000)
  })
  if (child.pid !== undefined) onStart(child.pid)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (exitCode !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${exitCode}: ${stderr}`)
}
