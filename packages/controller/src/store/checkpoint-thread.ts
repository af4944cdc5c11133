import { workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { z } from 'zod'

const { path, everyMs, mostPages } = z
  .object({ path: z.string(), everyMs: z.number(), mostPages: z.number() })
  .parse(workerData)

const Answer = z.array(z.object({ log: z.number() }))

const client = new Database(path, { fileMustExist: true })
client.pragma('busy_timeout = 1000')
client.pragma('synchronous = NORMAL')

setInterval(copy, everyMs)

/**
 * Copies the log into the database while others read and write. What they write meanwhile lengthens the log; when it is
 * long, the rest of it is copied with writers held off, so that the next one begins it anew.
 */
function copy(): void {
  const [answer] = Answer.parse(client.pragma('wal_checkpoint(PASSIVE)'))
  if (answer && answer.log >= mostPages) client.pragma('wal_checkpoint(RESTART)')
}
