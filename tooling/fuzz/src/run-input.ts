import { BrokenPromise, exerciseImage } from '@varve/core/testing/exercise-image'
import { memoryFiles } from '@varve/core/testing/memory-files'
import { memorySource, type ByteSource } from '@varve/core/binary/byte-source'
import { nodeCodecs } from '@varve/engine/codecs/node-codecs'
import { setFlagsFromString, getHeapStatistics } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Input } from './make-input.ts'

/** What one input may cost. */
export const mostMilliseconds = 1000
export const mostBytes = 256 * 1024 * 1024

/** What an input broke. */
export interface Failure {
  readonly kind: 'error' | 'slow' | 'memory' | 'hang' | 'crash'
  /** The same for inputs that break the same thing. */
  readonly signature: string
  readonly message: string
  readonly stack: string
}

export type RunResult = { readonly outcome: string } | { readonly failure: Failure }

class TooMuchMemory extends Error {
  override readonly name = 'TooMuchMemory'
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that this thread holds on and off the heap. */
function held(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

/** Garbage that may wait before an input starts: it hides as much of what the input takes. */
const mostGarbage = 32 * 1024 * 1024
let floor = -1
let baseline = 0

/** Notes what the thread holds before an input: the seeds, mostly. */
function startMemory(): void {
  if (floor < 0 || held() - floor > mostGarbage) {
    collectGarbage()
    floor = held()
  }
  baseline = held()
}

function assertMemory(): void {
  if (held() - baseline <= mostBytes) return
  collectGarbage()
  const bytes = held() - baseline
  if (bytes > mostBytes) throw new TooMuchMemory(`${Math.round(bytes / 1024 / 1024)} MiB are held`)
}

/** The source, which looks at each read whether memory is still within its limit. */
function watched(bytes: Uint8Array, path: string): ByteSource {
  const source = memorySource(bytes, path)
  return {
    ...source,
    readInto: async (target, at) => {
      assertMemory()
      await source.readInto(target, at)
    },
  }
}

/** Feeds one input to the engine in this thread. */
export async function runInput({ top, format, files }: Input): Promise<RunResult> {
  startMemory()
  const sources = Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [path, watched(bytes, path)]),
  )
  const { ports } = memoryFiles(sources)
  const before = process.threadCpuUsage()
  try {
    const { outcome } = await exerciseImage(top, { ...ports, codecs: nodeCodecs }, { format })
    const { user, system } = process.threadCpuUsage(before)
    const milliseconds = (user + system) / 1000
    assertMemory()
    if (milliseconds <= mostMilliseconds) return { outcome }
    const message = `${Math.round(milliseconds)} ms of processor time`
    return { failure: { kind: 'slow', signature: 'slow', message, stack: '' } }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) {
    const message = String(error)
    return { kind: 'error', signature: `not an error: ${message}`, message, stack: '' }
  }
  const { name, message, stack = '' } = error
  const kind = error instanceof TooMuchMemory ? 'memory' : 'error'
  const what = error instanceof BrokenPromise ? message.replaceAll(/\d+/gu, 'N') : name
  return { kind, signature: `${what} ${placeOf(stack)}`, message: `${name}: ${message}`, stack }
}

/** The innermost place of the engine in a stack: file and line. */
function placeOf(stack: string): string {
  const frames = stack
    .split('\n')
    .filter((line) => line.includes('/packages/') && !line.includes('/testing/'))
  return /packages\/([^):]+:\d+)/u.exec(frames[0] ?? '')?.[1] ?? ''
}
