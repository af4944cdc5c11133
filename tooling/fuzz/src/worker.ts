import { parentPort, workerData } from 'node:worker_threads'
import { inputMaker } from './make-input.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts'
import { runInput } from './run-input.ts'
import { prepareSeed } from './seed.ts'

const { seeds, progress } = workerData as WorkerSetup
const make = inputMaker(seeds.map(prepareSeed))
const counter = new Int32Array(progress)
const port = parentPort

function send(message: FromWorker): void {
  port?.postMessage(message)
}

async function runBatch({ run, from, count }: Extract<ToWorker, { type: 'batch' }>): Promise<void> {
  const outcomes: Record<string, Record<string, number>> = {}
  for (let index = from; index < from + count; index += 1) {
    Atomics.store(counter, 0, index)
    const input = make(run, index)
    const result = await runInput(input)
    const outcome = 'failure' in result ? 'failure' : result.outcome
    const group = (outcomes[input.group] ??= {})
    group[outcome] = (group[outcome] ?? 0) + 1
    if ('failure' in result) send({ type: 'failure', index, failure: result.failure })
  }
  send({ type: 'batch-done', outcomes })
}

port?.on('message', (message: ToWorker) => {
  void (async () => {
    if (message.type === 'batch') await runBatch(message)
    else send({ type: 'input-done', result: await runInput(message.input) })
  })()
})
send({ type: 'ready' })
