import { enableCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerMessage, WorkerStart } from './worker-job.ts'

// The entry of each worker thread: one job, given when it is started, then it ends. It imports nothing of ours before the
// cache of compiled code is on, which makes threads start three times faster.
const { job, codeCache }: WorkerStart = workerData
if (codeCache !== null) enableCompileCache(codeCache)
const send = (message: WorkerMessage) => parentPort?.postMessage(message)
const { reportJob } = await import('./worker-tasks.ts')
await reportJob(job, send)
