import { enableCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { JobOrder, WorkerMessage } from './worker-job.ts'
import type { WorkerStart } from './worker-start.ts'

// The entry of each worker thread: it does one job after the other until it is ended. It imports nothing of ours before
// the cache of compiled code is on, which makes threads start three times faster.
const { codeCache }: WorkerStart = workerData
if (codeCache !== null) enableCompileCache(codeCache)
const send = (message: WorkerMessage) => parentPort?.postMessage(message)
void import('./worker-tasks.ts').then(({ reportJob }) =>
  parentPort?.on('message', ({ job, seat }: JobOrder) => {
    void reportJob(job, { send, seat, isMain: false })
  }),
)
