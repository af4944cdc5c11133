import { Worker, type WorkerOptions } from 'node:worker_threads'
import { keepWasmCode } from '../system/keep-wasm-code.ts'
import { withUntouched } from '../system/end-thread.ts'

const isBundled = !import.meta.url.endsWith('.ts')

/** The file that the thread `name` starts from: it lies beside the code at `near`, the URL of a module. */
export function threadFile(name: string, near: string): URL {
  return new URL(`./${name}.${isBundled ? 'cjs' : 'ts'}`, near)
}

/** Starts a thread with none of the arguments of this process; `endThread` ends it. */
export function startThread(file: URL, options: Omit<WorkerOptions, 'execArgv'>): Worker {
  // From the sources each thread loads Node's transformer of TypeScript, which is WebAssembly.
  if (!isBundled) keepWasmCode()
  return withUntouched(() => new Worker(file, { ...options, execArgv: [] }))
}
