import { isAbsolute } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { execa } from 'execa'
import type { RunToolOptions, ToolCommand, ToolOutput, ToolRunner } from './tool-command.ts'

const outputLimit = 16 * 1024 * 1024
const tailLength = 2000

/** Runs real tools: absolute paths, argument vectors, the C locale, bounded output, ended when silent for too long. */
export class ExecaToolRunner implements ToolRunner {
  async run<Output>(command: ToolCommand<Output>, options: RunToolOptions): Promise<Output> {
    const { path, silenceMs = 30_000, signal, file = options.path } = options
    if (!isAbsolute(path)) throw new RangeError(`${path} is not an absolute path`)
    const silence = new AbortController()
    const cancelSignal = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal
    const running = execa(path, [...command.args], {
      reject: false,
      stdin: 'ignore',
      encoding: 'buffer',
      env: { LC_ALL: 'C', LVM_SUPPRESS_FD_WARNINGS: '1' },
      maxBuffer: outputLimit,
      cancelSignal,
      forceKillAfterDelay: 2000,
      cleanup: true,
    })
    let timer = setTimeout(() => silence.abort(), silenceMs)
    const heard = () => {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silenceMs)
    }
    running.stdout.on('data', heard)
    running.stderr.on('data', heard)
    const result = await running.finally(() => clearTimeout(timer))
    if (signal?.aborted === true) throw new DiskError('canceled', { file, what: command.tool })
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

function tail(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(Math.max(0, bytes.length - tailLength))).trim()
}
