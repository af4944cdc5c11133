import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { supportBundle } from './support-bundle.ts'

const { data, settings, secrets } = z
  .object({
    data: z.string(),
    settings: z.record(z.string(), z.string()),
    secrets: z.array(z.string()),
  })
  .parse(workerData)

// A rejection ends the thread as an error, which whoever waits for it is told.
void supportBundle({ data, settings, secrets, logs: [], now: Date.now }).then((bundle) =>
  parentPort?.postMessage(bundle),
)
