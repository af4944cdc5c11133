import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'

export interface RunningSource {
  /** The data folder. */
  readonly data: string
  readonly settings: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
}

/** Makes the bundle of a controller that runs, in a thread: whoever asks for anything else does not wait for it. */
export async function bundleInThread({ data, settings, secrets }: RunningSource): Promise<Buffer> {
  const isBundled = !import.meta.url.endsWith('.ts')
  const file = new URL(`./support-thread.${isBundled ? 'cjs' : 'ts'}`, import.meta.url)
  const worker = new Worker(file, { workerData: { data, settings, secrets: [...secrets] }, execArgv: [] })
  // An error of the thread rejects.
  const [bundle] = await once(worker, 'message')
  return Buffer.from(z.instanceof(Uint8Array).parse(bundle))
}
