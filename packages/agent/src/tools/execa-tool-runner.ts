import { isAbsolute } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { execa } from 'execa'
import { collectAll, collectEnds } from './collect-output.ts'
import { endTree } from './process-tree.ts'
import { signsOfWork } from './signs-of-work.ts'
import {
  isExpected,
  progressReader,
  usualSilence,
  type RunToolOptions,
  type ToolCommand,
  type ToolOutput,
  type ToolRunner,
  type ToolSilence,
} from './tool-command.ts'
import { labelOfCodePage, toolBytes, toolText, usualCodePage } from './tool-text.ts'

const mostStdout = 16 * 1024 * 1024
const mostStderr = 64 * 1024

export interface ExecaToolRunnerOptions {
  /** Finds the code page of the host's console, see `GetOEMCP`; asked once, when a command's text is in it. */
  readonly oemCodePage?: () => Promise<number>
}

/** Why a running tool was ended. */
type End = 'canceled' | 'silent' | 'too-much'

/** Runs real tools: absolute paths, argument vectors, the C locale, bounded output, ended when silent for too long. */
export class ExecaToolRunner implements ToolRunner {
  readonly #findCodePage: () => Promise<number>
  #codePage: Promise<number> | null = null

  constructor({ oemCodePage = async () => usualCodePage }: ExecaToolRunnerOptions = {}) {
    this.#findCodePage = oemCodePage
  }

  async run<Output>(command: ToolCommand<Output>, options: RunToolOptions): Promise<Output> {
    const { path, signal, file = options.path } = options
    const { tool, silence = usualSilence } = command
    if (!isAbsolute(path)) throw new RangeError(`${path} is not an absolute path`)
    const label = await this.#labelOf(command)
    if (signal?.aborted === true) throw new DiskError('canceled', { file, what: tool })
    const running = execa(path, [...command.args], {
      reject: false,
      buffer: false,
      encoding: 'buffer',
      ...(command.stdin === undefined ? { stdin: 'ignore' } : { input: inputOf(command.stdin, label) }),
      env: { LC_ALL: 'C', LVM_SUPPRESS_FD_WARNINGS: '1', ...command.env },
      // A group of its own, so that what the tool started ends with it.
      detached: process.platform !== 'win32',
    })
    let ended: End | null = null
    const end = (why: End) => {
      ended ??= why
      if (running.pid !== undefined) void endTree(running.pid)
    }
    const cancel = () => end('canceled')
    signal?.addEventListener('abort', cancel, { once: true })
    const watch = watchSilence(running.pid, silence, () => end('silent'))
    const stdout = collectAll(mostStdout)
    const stderr = collectEnds(mostStderr)
    for (const [stream, kept] of Object.entries({ stdout, stderr } as const)) {
      const lines = progressReader(stream as 'stdout' | 'stderr', label, {
        progress: command.progress,
        isOneLine: command.isOneLine,
        onProgress: options.onProgress,
      })
      const source = stream === 'stdout' ? running.stdout : running.stderr
      source.on('data', (bytes: Uint8Array) => {
        watch.heard()
        kept.add(bytes)
        lines?.add(bytes)
        if (stream === 'stdout' && kept.isOver) end('too-much')
      })
      source.once('end', () => lines?.end())
    }
    const result = await running.finally(() => {
      watch.stop()
      signal?.removeEventListener('abort', cancel)
    })
    const exitCode = result.exitCode ?? null
    const why = ended as End | null
    if (why === 'canceled') throw new DiskError('canceled', { file, what: tool })
    if (why === 'silent')
      throw new DiskError('no-progress', { file, during: tool, seconds: silence.ms / 1000 })
    if (result.code === 'ENOENT')
      throw new DiskError('tool-missing', { file, tool, install: `Install ${tool}.` })
    if (why === 'too-much' || exitCode === null || !isExpected(command, exitCode)) {
      const said = toolText(stderr.bytes(), label).trim()
      const reason =
        why === 'too-much' ? `it said more than ${mostStdout / 1024 ** 2} MiB` : (result.shortMessage ?? '')
      throw new DiskError('tool-failed', {
        file,
        tool,
        exitCode,
        stderr: said || reason || 'it said nothing',
      })
    }
    const output: ToolOutput = { exitCode, stdout: stdout.bytes(), stderr: stderr.bytes(), label }
    return command.parse(output)
  }

  async #labelOf({ encoding = 'utf-8' }: ToolCommand<unknown>): Promise<string> {
    if (encoding !== 'oem') return encoding
    return labelOfCodePage(await (this.#codePage ??= this.#findCodePage()))
  }
}

function inputOf(stdin: string | Uint8Array, label: string): Uint8Array {
  return typeof stdin === 'string' ? toolBytes(stdin, label) : stdin
}

/** Calls `onSilent` when nothing was heard for so long and nothing else shows that the tool works. */
function watchSilence(
  pid: number | undefined,
  silence: ToolSilence,
  onSilent: () => void,
): { heard(): void; stop(): void } {
  let timer: NodeJS.Timeout | null = null
  let turn = 0
  const signs = async () => (pid === undefined ? '' : signsOfWork(pid, silence))
  let last = signs()

  function wait(): void {
    if (timer) clearTimeout(timer)
    turn += 1
    timer = setTimeout(() => void look(turn), silence.ms)
  }

  async function look(asked: number): Promise<void> {
    const [before, now] = await Promise.all([last, signs()])
    if (asked !== turn) return
    if (before === now) return onSilent()
    last = Promise.resolve(now)
    wait()
  }

  wait()
  return {
    heard: wait,
    stop() {
      turn += 1
      if (timer) clearTimeout(timer)
    },
  }
}
