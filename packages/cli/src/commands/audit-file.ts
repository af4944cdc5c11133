import { createPublicKey, type KeyObject } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { DiskError } from '@varve/core/problems/disk-error'
import { checkChain, parseChainLine, type ChainReport } from '@varve/trust/audit-chain'
import { UsageError } from '../command.ts'

/** A line has 8 KiB at most as the controller writes it. */
const mostLine = 64 * 1024

/** Checks lines that were exported, without the controller; `key`: file of the public key. */
export async function verifyAuditFile(
  file: string,
  { key, head }: { readonly key: string | undefined; readonly head: string | undefined },
): Promise<ChainReport> {
  const publicKey = key === undefined ? null : await readKey(key)
  const heads = head === undefined ? [] : [{ hash: head, sequence: null, by: 'you keep' }]
  const check = checkChain({ publicKey, isWhole: false, heads })
  let at = 0
  try {
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      at += 1
      if (text.trim() === '') continue
      const line = text.length > mostLine ? null : parseChainLine(text)
      if (line === null)
        check.fault({ sequence: null, message: `line ${at} of the file is none of an audit log` })
      else check.take(line)
    }
  } catch (error) {
    throw notReadable(file, error)
  }
  return check.end()
}

async function readKey(file: string): Promise<KeyObject> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw notReadable(file, error)
  })
  try {
    const key = createPublicKey(text)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below, the same for both.
  }
  throw new UsageError(`--key ${file} is not a public key as "varve audit key" prints it.`)
}

function notReadable(file: string, error: unknown): DiskError {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOENT') return new DiskError('not-found', { file }, { cause: error })
  const reason = error instanceof Error ? error.message : String(error)
  return new DiskError('not-readable', { file, reason }, { cause: error })
}
