import { parentPort, workerData } from 'node:worker_threads'
import { nodePorts } from '@varve/engine/ports/ports'
import { InspectWorkerData, type InspectAnswer, type InspectQuestion } from './inspect-messages.ts'
import { inspectRecorded } from './inspect-recorded.ts'

/* One thread of the pool: one image at a time, read with plain blocking calls. */

const { roots } = InspectWorkerData.parse(workerData)
const ports = nodePorts({ roots, io: 'sync', packed: 'name' })

parentPort?.on('message', (question: InspectQuestion) => void answer(question))

async function answer({ id, path, how }: InspectQuestion): Promise<void> {
  const inspection = await inspectRecorded(path, { ports, how })
  parentPort?.postMessage({ id, ...inspection } satisfies InspectAnswer)
}
