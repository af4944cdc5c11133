import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** (module (import "m" "f" (func)) (func (export "r") (param i32)): calls `f` as often as the parameter says. */
const callMany = [
  [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  [1, 8, 2, 0x60, 0, 0, 0x60, 1, 0x7f, 0],
  [2, 7, 1, 1, 0x6d, 1, 0x66, 0, 0],
  [3, 2, 1, 1],
  [7, 5, 1, 1, 0x72, 0, 1],
  [10, 18, 1, 16, 0, 0x03, 0x40, 0x10, 0, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x0b],
].flat()

/** What V8 says of freeing compiled code, when `first` is run before code that has some to free. */
async function codeFreed(first: string): Promise<string> {
  const program = `
${first}
const module = new WebAssembly.Module(new Uint8Array(${JSON.stringify(callMany)}))
const { exports } = new WebAssembly.Instance(module, { m: { f() {} } })
for (let turn = 0; turn < 3; turn += 1) {
  exports.r(5000)
  await new Promise((done) => setTimeout(done, 1))
}`
  const flags = ['--trace-wasm-code-gc', '--stress-wasm-code-gc', '--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, flags)
  return stdout
}

test('V8 frees no compiled WebAssembly after that', async () => {
  const module = new URL('keep-wasm-code.ts', import.meta.url).href
  const keep = `const { keepWasmCode } = await import(${JSON.stringify(module)}); keepWasmCode()`
  expect(await codeFreed('')).toContain('[wasm-gc]')
  expect(await codeFreed(keep)).not.toContain('[wasm-gc] Starting')
})

test('a thread from the sources starts only after that', async () => {
  const module = new URL('../run/start-thread.ts', import.meta.url).href
  const start = `const { startThread } = await import(${JSON.stringify(module)})
await startThread(new URL('data:text/javascript,'), {}).terminate()`
  expect(await codeFreed(start)).not.toContain('[wasm-gc] Starting')
})
