import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Timing {
  readonly seconds: number
  /** Processor time of the process and all that it started, user and system, in seconds. */
  readonly cpuSeconds: number
}

/** From start to end of the whole process; throws when it fails. */
export async function timeCommand(command: Command): Promise<Timing> {
  const cpuBefore = childrenCpu()
  const started = performance.now()
  await run(command, () => {})
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: childrenCpu() - cpuBefore }
}

const ticksPerSecond = 100

/** Processor seconds of all children that have ended: `cutime` and `cstime`, proc_pid_stat(5). */
export function childrenCpu(): number {
  const fields = afterName(readFileSync('/proc/self/stat', 'utf8'))
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}

/** Processor seconds of a process that runs and of its children that have ended. */
export function cpuOf(pid: number): number {
  const fields = afterName(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / ticksPerSecond
}

/** The name may hold blanks; what follows it may not. */
function afterName(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
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

/** Most memory that a running process had, in bytes; 0 when it is gone. */
export function highWater(pid: number): number {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(found?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

async function run({ file, args, env = {} }: Command, onStart: (pid: number) => void): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } })
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
