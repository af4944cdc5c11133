import type { ByteStream } from '@varve/engine/streams/stream-chunks'
import { UsageError } from './command.ts'

/** What stands for standard input, or standard output; a file of that name is `./-`. */
export const dash = '-'

/** What it is called in messages, and in the name of the file in which it is kept. */
export const standardInputName = 'standard input'

/** A raw disk on standard input; throws `UsageError` when it is a terminal. It ends when `signal` aborts. */
export function standardInput(signal: AbortSignal): ByteStream {
  const { stdin } = process
  if (stdin.isTTY)
    throw new UsageError('Standard input is a terminal: a disk is expected there, from a pipe or a file.')
  signal.addEventListener('abort', () => stdin.destroy(), { once: true })
  return { name: standardInputName, bytes: stdin }
}
