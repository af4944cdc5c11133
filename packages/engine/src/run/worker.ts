import { parentPort, workerData } from 'node:worker_threads'
import { toErrorRecord } from '@varve/core/problems/disk-error'
import { runJob } from './worker-tasks.ts'
import type { WorkerJob, WorkerMessage } from './worker-job.ts'

// The entry of each worker thread: one job, given when it is started, then it ends.
const job: WorkerJob = workerData
const send = (message: WorkerMessage) => parentPort?.postMessage(message)
try {
  await runJob(job, send)
  send({ say: 'done' })
} catch (error) {
  const [input] = job.do === 'compare' ? job.inputs : [job.input]
  send({ say: 'failed', error: toErrorRecord(error, input.kind === 'image' ? input.path : input.exportName) })
}
