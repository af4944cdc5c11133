import { parentPort, workerData } from 'node:worker_threads'
import { inspectImage } from '@varve/core/layers/inspect-image'
import { toErrorRecord } from '@varve/core/problems/disk-error'
import { nodePorts } from '@varve/engine/ports'
import { InspectWorkerData, type InspectAnswer, type InspectQuestion } from './inspect-messages.ts'

/* One thread of the pool: one image at a time, read with plain blocking calls. */

const { roots } = InspectWorkerData.parse(workerData)
const ports = nodePorts({ roots, io: 'sync' })

parentPort?.on('message', ({ id, path, choices }: InspectQuestion) => {
  inspectImage(path, ports, { choices }).then(
    (report) => answer({ id, report }),
    (error: unknown) => answer({ id, error: toErrorRecord(error, path) }),
  )
})

function answer(message: InspectAnswer): void {
  parentPort?.postMessage(message)
}
