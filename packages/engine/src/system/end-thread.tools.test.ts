import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { endThread, withUntouched } from './end-thread.ts'

const here = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)

const thread = (body: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads'\n${body}`)}`,
  )

// Ends threads at moments spread over the end of the loading, when koffi makes what it offers.
const endWhile = (load: string) => `
const { startThread } = await import(${here('../run/start-thread.ts')})
const { endThread } = await import(${here('end-thread.ts')})
const code = new URL(${JSON.stringify(
  thread(`const { loadKoffi } = await import(${here('../file-ranges/load-koffi.ts')})
const { linuxFileRanges } = await import(${here('../file-ranges/linux-file-ranges.ts')})
parentPort.postMessage(0)
const began = performance.now()
${load}
parentPort.postMessage(performance.now() - began)`).href,
)})
const said = (worker) => new Promise((resolve) => worker.once('message', resolve))
let takes = 0
for (let turn = 0; turn < 3; turn += 1) {
  const worker = startThread(code, {})
  await said(worker)
  takes = await said(worker)
}
const turns = 60
for (let turn = 0; turn < turns; turn += 1) {
  const worker = startThread(code, {})
  await said(worker)
  const until = performance.now() + takes * (0.9 + (0.1 * turn) / turns)
  while (performance.now() < until);
  await endThread(worker)
}
console.log('all ended')`

test.each([
  ['koffi', 'loadKoffi()'],
  [
    'the system’s calls',
    "linuxFileRanges.deviceSize(process.getBuiltinModule('node:fs').openSync(process.execPath))",
  ],
])('a thread that loads %s is ended without harm to the process', async (_, load) => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    endWhile(load),
  ])
  expect(stdout).toBe('all ended\n')
})

test('what a thread does untouched comes to its end, and nothing after it', async () => {
  const code = thread(`import { workerData } from 'node:worker_threads'
const { untouched } = await import(${here('end-thread.ts')})
untouched(() => {
  parentPort.postMessage('now')
  Atomics.wait(workerData, 1, 0, 200)
  Atomics.store(workerData, 0, 1)
})
untouched(() => Atomics.store(workerData, 0, 2))`)
  const seen = new Int32Array(new SharedArrayBuffer(8))
  const worker = withUntouched(() => new Worker(code, { workerData: seen, execArgv: [] }))
  await new Promise((resolve) => worker.once('message', resolve))
  await endThread(worker)
  expect(Atomics.load(seen, 0)).toBe(1)
})

test('a thread that has ended is ended again at once', async () => {
  const worker = withUntouched(() => new Worker('', { eval: true }))
  await new Promise((resolve) => worker.once('exit', resolve))
  await endThread(worker)
  await endThread(worker)
})
