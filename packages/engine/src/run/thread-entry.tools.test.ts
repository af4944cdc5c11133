import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { threadArguments, threadFile } from './thread-entry.ts'

async function firstMessage(source: string, args: string[]): Promise<unknown> {
  await using place = await tempPlace()
  const file = place.file('thread.ts')
  await writeFile(file, source)
  const worker = new Worker(pathToFileURL(file), { execArgv: args })
  try {
    const [message]: unknown[] = await once(worker, 'message')
    return message
  } finally {
    await worker.terminate()
  }
}

const loadedTransformer = `
import { parentPort } from 'node:worker_threads'
interface Loaded { readonly names: readonly string[] }
const loaded: Loaded = { names: (process as unknown as { moduleLoadList: string[] }).moduleLoadList }
parentPort?.postMessage(loaded.names.some((name) => name.includes('amaro')))
`

test('a thread started from the sources does not load the transformer that Node has as WebAssembly', async () => {
  expect(await firstMessage(loadedTransformer, [])).toBe(true)
  expect(await firstMessage(loadedTransformer, threadArguments())).toBe(false)
})

test('an error of a thread names the line of the source', async () => {
  const source = `import { parentPort } from 'node:worker_threads'
interface Nothing {
  readonly none: true
}

const failed: Error = new Error('line six')
parentPort?.postMessage(failed.stack)
`
  expect(await firstMessage(source, threadArguments())).toMatch(/thread\.ts:6:/u)
})

test('a source with a mistake is refused by its name', async () => {
  await expect(firstMessage('const : number = 1', threadArguments())).rejects.toThrow(/thread\.ts: /u)
})

test('the file of a thread lies beside the code that starts it', () => {
  expect(threadFile('worker', import.meta.url).href).toBe(new URL('worker.ts', import.meta.url).href)
})
