import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ToolBox } from '@varve/agent/actions/adapter'
import type { ToolCommand, ToolProgress } from '@varve/agent/tools/tool-command'
import { writeError } from '@varve/engine/system/system-error'
import { diskpartSaid, type DiskpartSaid } from './output.ts'
import { scriptText } from './script.ts'

/** Exit codes tell little: 0 is told of failures too, and the state that is read back judges. */
const exitCodes = [0, 1, 2, 3, 4, 5]
const usualSilenceMs = 10 * 60_000
/** What Microsoft has scripts wait for the one before to be over. */
const usualPauseMs = 15_000

export interface DiskpartScript {
  /** The image that it is about, for messages. */
  readonly image: string
  readonly lines: readonly string[]
}

export interface DiskpartOptions {
  readonly tools: ToolBox
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ToolProgress) => void
  /** Left out: the folder of temporary files. */
  readonly folder?: string
  /** Left out: ten minutes, in which the image shows no change either. */
  readonly silenceMs?: number
  /** Milliseconds between two scripts; left out: what Microsoft says. */
  readonly pauseMs?: number
}

/** `diskpart /s FILE`. */
export function diskpartCommand(
  file: string,
  { image, silenceMs = usualSilenceMs }: { readonly image: string; readonly silenceMs?: number },
): ToolCommand<DiskpartSaid> {
  return {
    tool: 'diskpart',
    args: ['/s', file],
    encoding: 'oem',
    expected: exitCodes,
    silence: { ms: silenceMs, files: [image] },
    progress: ({ text }) => fractionOf(text),
    parse: diskpartSaid,
  }
}

/**
 * Runs the lines in one script, after those that this process ran before, and gives what was said: whether it worked is to be read
 * from the state. Throws what the tool runner throws.
 */
export async function runDiskpart(script: DiskpartScript, options: DiskpartOptions): Promise<DiskpartSaid> {
  const { pauseMs = usualPauseMs, signal } = options
  const turn = last.then(async (endedAt) => {
    const rest = endedAt === null ? 0 : endedAt + pauseMs - performance.now()
    if (rest > 0 && signal?.aborted !== true)
      await sleep(rest, undefined, { ref: true, signal }).catch(() => {})
    return await runOne(script, options)
  })
  last = turn.then(
    () => performance.now(),
    () => performance.now(),
  )
  return await turn
}

/** When the last script ended; null: there was none. */
let last: Promise<number | null> = Promise.resolve(null)

async function runOne(
  { image, lines }: DiskpartScript,
  { tools, signal, onProgress, folder = tmpdir(), silenceMs }: DiskpartOptions,
): Promise<DiskpartSaid> {
  const own = await mkdtemp(join(folder, 'varve-diskpart-')).catch((error: unknown) => {
    throw writeError(error, folder)
  })
  try {
    const file = join(own, 'script.txt')
    await writeFile(file, scriptText(lines), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
      throw writeError(error, file)
    })
    const command = diskpartCommand(file, { image, ...(silenceMs !== undefined && { silenceMs }) })
    return await tools.run(command, {
      file: image,
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    })
  } finally {
    await rm(own, { recursive: true, force: true, maxRetries: 5 }).catch(() => {})
  }
}

/** `  100 percent completed`: only the number is the same in every language. */
function fractionOf(text: string): ToolProgress | null {
  const percent = /^\s*(?<percent>\d{1,3})\s+[^\d:\\]+$/u.exec(text)?.groups?.['percent']
  if (percent === undefined || Number(percent) > 100) return null
  return { fraction: Number(percent) / 100 }
}
