import type { Readable } from 'node:stream'
import { UsageError } from './command.ts'

/** cryptsetup(8): the largest passphrase, and the largest key file. */
const most = { passphrase: 512, key: 8 * 1024 * 1024 } as const

/** A passphrase or a key from standard input: on no command line, in no environment. Of a passphrase one newline at its end is dropped. */
export async function secretFrom(
  stdin: Readable & { readonly isTTY?: boolean },
  kind: keyof typeof most,
): Promise<Uint8Array> {
  const what = kind === 'key' ? 'key file' : 'passphrase'
  if (stdin.isTTY === true)
    throw new UsageError(
      `The ${what} is read from standard input, which is a terminal here: give it by a pipe or a file.`,
    )
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array)
    length += bytes.length
    if (length > most[kind] + 2) break
    chunks.push(bytes)
  }
  const given = Buffer.concat(chunks)
  const secret = kind === 'key' ? given : given.subarray(0, endOf(given))
  if (secret.length === 0) throw new UsageError(`Standard input gave no ${what}.`)
  if (secret.length > most[kind] || length > most[kind] + 2)
    throw new UsageError(`A ${what} has ${most[kind]} bytes at the most.`)
  return secret
}

const [lineFeed, carriageReturn] = [0x0a, 0x0d]

function endOf(bytes: Uint8Array): number {
  if (bytes.at(-1) !== lineFeed) return bytes.length
  return bytes.at(-2) === carriageReturn ? bytes.length - 2 : bytes.length - 1
}
