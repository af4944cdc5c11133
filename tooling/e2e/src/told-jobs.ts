import { join } from 'node:path'
import { openDatabase, statement } from '@varve/controller/store/database'
import { jobRequest } from '@varve/controller/store/payload-kinds'
import { decodeSealed } from '@varve/controller/store/sealed-payload'
import type { JobRequest } from '@varve/protocol/jobs'
import { openSecrets } from '@varve/trust/secrets'

const requests = statement<{ request: string }>('SELECT request FROM jobs WHERE kind = ? ORDER BY rowid DESC')

/** What the controller with this data folder has told its agents to do, newest first, opened with the folder's key. */
export function toldJobs(data: string, kind: JobRequest['kind']): JobRequest[] {
  const db = openDatabase(join(data, 'inventory.sqlite'), openSecrets(data))
  try {
    return requests.all(db, kind).map(({ request }) => decodeSealed(db, jobRequest, request))
  } finally {
    db.$client.close()
  }
}
