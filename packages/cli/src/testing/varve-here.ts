import { vi } from 'vitest'
import { runProgram } from '../program.ts'

/** How a call of the command ended, and what it printed. */
export interface Said {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Calls the command in this process, which takes milliseconds where a process of its own takes half a second; one call at a time. */
export async function varveHere(...args: string[]): Promise<Said> {
  const out = capture(process.stdout)
  const err = capture(process.stderr)
  try {
    const exitCode = await runProgram(['node', 'varve', ...args], '0.0.0')
    return { exitCode, stdout: out.text(), stderr: err.text() }
  } finally {
    out.end()
    err.end()
  }
}

/** The one document that a call with `--json` printed. */
export async function varveJson(...args: string[]): Promise<unknown> {
  const { stdout } = await varveHere(...args, '--json')
  return JSON.parse(stdout)
}

function capture(stream: NodeJS.WriteStream) {
  const parts: Buffer[] = []
  const listeners = new Set(stream.rawListeners('error'))
  const spy = vi.spyOn(stream, 'write').mockImplementation((chunk, encoding, done) => {
    parts.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk))
    const told = typeof encoding === 'function' ? encoding : done
    if (told) queueMicrotask(() => told())
    return true
  })
  return {
    text: () => Buffer.concat(parts).toString().trimEnd(),
    end() {
      spy.mockRestore()
      // The command listens until its process ends.
      for (const listener of stream.rawListeners('error'))
        if (!listeners.has(listener)) stream.off('error', listener as (error: Error) => void)
    },
  }
}
