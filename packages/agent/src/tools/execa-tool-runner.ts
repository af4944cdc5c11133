import { isAbsolute } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { execa } from 'execa'
import type { RunToolOptions, ToolCommand, ToolOutput, ToolRunner } from './tool-command.ts'

const outputLimit = 16 * 1024 * 1024
const tailLength = 2000
const graceMs = 2000

/** Runs real tools: absolute paths, argument vectors, the C locale, bounded output, ended when silent for too long. */
export class ExecaToolRunner implements ToolRunner {
  async run<Output>(command: ToolCommand<Output>, options: RunToolOptions): Promise<Output> {
    const { path, silenceMs = 30_000, signal, file = options.path } = options
    if (!isAbsolute(path)) throw new RangeError(`${path} is not an absolute path`)
    const assertWanted = () => {
      if (signal?.aborted === true) throw new DiskError('canceled', { file, what: command.tool })
    }
    assertWanted()
    const silence = new AbortController()
    const stopped = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal
    const running = execa(path, [...command.args], {
      reject: false,
      stdin: 'ignore',
      encoding: 'buffer',
      stripFinalNewline: false,
      env: { LC_ALL: 'C', LVM_SUPPRESS_FD_WARNINGS: '1' },
      maxBuffer: outputLimit,
      // A group of its own, so that what the tool started ends with it.
      detached: process.platform !== 'win32',
    })
    const kill = () => killGroup(running.pid)
    stopped.addEventListener('abort', kill, { once: true })
    let timer = setTimeout(() => silence.abort(), silenceMs)
    const heard = () => {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silenceMs)
    }
    running.stdout.on('data', heard)
    running.stderr.on('data', heard)
    const result = await running.finally(() => {
      clearTimeout(timer)
      stopped.removeEventListener('abort', kill)
    })
    assertWanted()
    if (silence.signal.aborted) {
      throw new DiskError('no-progress', { file, during: command.tool, seconds: silenceMs / 1000 })
    }
    if (result.code === 'ENOENT') {
      throw new DiskError('tool-missing', { file, tool: command.tool, install: `Install ${command.tool}.` })
    }
    if (result.exitCode === undefined || !(command.expected ?? [0]).includes(result.exitCode)) {
      throw new DiskError('tool-failed', {
        file,
        tool: command.tool,
        exitCode: result.exitCode ?? null,
        stderrTail: tail(result.stderr) || result.shortMessage || 'it said nothing',
      })
    }
    const output: ToolOutput = { stdout: result.stdout, stderr: result.stderr }
    return command.parse(output)
  }
}

/** Asks the tool and everything it started to end, and ends them when they do not. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  const group = process.platform === 'win32' ? pid : -pid
  const send = (name: 'SIGTERM' | 'SIGKILL') => {
    try {
      process.kill(group, name)
    } catch {
      // It has ended already.
    }
  }
  send('SIGTERM')
  setTimeout(() => send('SIGKILL'), graceMs).unref()
}

function tail(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(Math.max(0, bytes.length - tailLength))).trim()
}
