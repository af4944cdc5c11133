import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { z } from 'zod'

const { path, everyMs, mostPages, holding } = z
  .object({
    path: z.string(),
    everyMs: z.number(),
    mostPages: z.number(),
    holding: z.instanceof(Int32Array<SharedArrayBuffer>),
  })
  .parse(workerData)

const Answer = z.array(z.object({ log: z.number() }))

const client = new Database(path, { fileMustExist: true })
client.pragma('busy_timeout = 1000')
client.pragma('synchronous = NORMAL')

const copying = setInterval(copy, everyMs)
parentPort?.once('message', () => {
  clearInterval(copying)
  client.close()
})

/** Rounds in which the rest gets shorter, before the last one is made with writers held off. */
const rounds = 4

/**
 * Copies the log into the database while others read and write. What they write meanwhile lengthens the log; when it is
 * long, the little that is left after some rounds is copied with writers held off, so that the next one begins it anew.
 */
function copy(): void {
  if (pagesAfterCopy() < mostPages) return
  for (let round = 1; round < rounds; round += 1) pagesAfterCopy()
  Atomics.store(holding, 0, 1)
  try {
    client.pragma('wal_checkpoint(RESTART)')
  } finally {
    Atomics.store(holding, 0, 0)
  }
}

function pagesAfterCopy(): number {
  return Answer.parse(client.pragma('wal_checkpoint(PASSIVE)'))[0]?.log ?? 0
}
