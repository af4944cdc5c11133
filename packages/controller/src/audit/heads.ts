import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { genesisHash, type ChainHead } from '@varve/trust/audit-chain'
import type { Secrets } from '@varve/trust/secrets'
import { z } from 'zod'

/** The head of a log that is kept apart; `damaged`: what is there is nothing that this controller wrote. */
export type KeptHead = ChainHead | null | 'damaged'

/** Heads of the log, sealed, so that who can write to the database cannot make one. */
export interface Heads {
  seal(head: ChainHead): string
  open(sealed: string | null): KeptHead
  inFile(): KeptHead
  keepInFile(head: ChainHead): void
}

const purpose = 'audit head'
const Head = z.object({ sequence: z.number().int().min(0), hash: z.string() })

/** Of a log without lines. */
export const noHead: ChainHead = { sequence: 0, hash: genesisHash }

/** `file`: beside the database, for what was signed last; null: none. */
export function createHeads(secrets: Secrets, file: string | null): Heads {
  const heads: Heads = {
    seal: (head) => secrets.seal(purpose, Buffer.from(JSON.stringify(head))),
    open(sealed) {
      if (sealed === null) return null
      try {
        return Head.parse(JSON.parse(secrets.open(purpose, sealed).toString()))
      } catch {
        return 'damaged'
      }
    },
    inFile: () => (file !== null && existsSync(file) ? heads.open(readFileSync(file, 'utf8').trim()) : null),
    keepInFile(head) {
      if (file === null) return
      const staged = `${file}.new`
      writeFileSync(staged, `${heads.seal(head)}\n`, { mode: 0o600 })
      renameSync(staged, file)
    },
  }
  return heads
}
