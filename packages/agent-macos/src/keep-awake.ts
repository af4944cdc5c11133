import { spawn, type ChildProcess } from 'node:child_process'

export interface KeepAwakeOptions {
  readonly caffeinate?: string
  /** Work that takes no longer needs nobody to stay awake. */
  readonly afterMs?: number
}

/** Has this Mac not fall asleep by itself while something that was begun with it is not over; others may be begun meanwhile. */
export function keepingAwake({
  caffeinate = '/usr/bin/caffeinate',
  afterMs = 5000,
}: KeepAwakeOptions = {}): () => Disposable {
  let works = 0
  let waiting: NodeJS.Timeout | null = null
  let awake: ChildProcess | null = null
  const begin = () => {
    // It ends with this process, however that ends.
    awake = spawn(caffeinate, caffeinateArgs(process.pid), { stdio: 'ignore' })
    // Without it the Mac may sleep, and the work goes on when it wakes.
    awake.on('error', () => {})
    awake.unref()
  }
  const end = () => {
    if (waiting) clearTimeout(waiting)
    awake?.kill()
    waiting = null
    awake = null
  }
  return () => {
    works += 1
    if (works === 1) waiting = setTimeout(begin, afterMs).unref()
    let isOver = false
    return {
      [Symbol.dispose]() {
        if (isOver) return
        isOver = true
        works -= 1
        if (works === 0) end()
      },
    }
  }
}

/** No sleep for want of a person (caffeinate(8) `-i`), until that process has ended. */
export function caffeinateArgs(pid: number): readonly string[] {
  return ['-i', '-w', String(pid)]
}
