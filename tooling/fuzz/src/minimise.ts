import type { Input } from './make-input.ts'
import type { RunResult } from './run-input.ts'

export interface MinimiseOptions {
  /** The signature that a smaller input must keep. */
  readonly signature: string
  readonly run: (input: Input) => Promise<RunResult>
  /** Attempts at most. */
  readonly attempts?: number
}

/**
 * Makes an input smaller while it breaks the same thing: files are left out and cut short, and bytes become zero, in
 * halves of halves down to sixteen bytes.
 */
export async function minimise(
  input: Input,
  { signature, run, attempts = 400 }: MinimiseOptions,
): Promise<Input> {
  let best: Input = {
    ...input,
    files: Object.fromEntries(Object.entries(input.files).map(([path, bytes]) => [path, bytes.slice()])),
  }
  let left = attempts
  const accepts = async (candidate: Input): Promise<boolean> => {
    if (left <= 0) return false
    left -= 1
    const result = await run(candidate)
    if (!('failure' in result) || result.failure.signature !== signature) return false
    best = candidate
    return true
  }
  for (const path of Object.keys(best.files)) {
    if (path === best.top) continue
    const { [path]: _left, ...files } = best.files
    await accepts({ ...best, files })
  }
  for (const path of Object.keys(best.files)) {
    await cutTail(path)
    await clear(path)
  }
  return best

  async function cutTail(path: string): Promise<void> {
    for (let part = 0.5; part > 0.001 && left > 0;) {
      const bytes = best.files[path] ?? new Uint8Array(0)
      const size = Math.floor((bytes.length * (1 - part)) / 512) * 512
      if (size === bytes.length || !(await accepts(withFile(path, bytes.slice(0, size))))) part /= 2
    }
  }

  async function clear(path: string): Promise<void> {
    const length = best.files[path]?.length ?? 0
    const ranges = [{ start: 0, end: length }]
    for (let range = ranges.shift(); range && left > 0; range = ranges.shift()) {
      const bytes = (best.files[path] ?? new Uint8Array(0)).slice()
      const part = bytes.subarray(range.start, range.end)
      if (part.every((byte) => byte === 0)) continue
      part.fill(0)
      if (await accepts(withFile(path, bytes))) continue
      if (range.end - range.start <= 16) continue
      const middle = Math.floor((range.start + range.end) / 2)
      ranges.push({ start: range.start, end: middle }, { start: middle, end: range.end })
    }
  }

  function withFile(path: string, bytes: Uint8Array): Input {
    return { ...best, files: { ...best.files, [path]: bytes } }
  }
}
