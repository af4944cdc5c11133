/**
 * Lets V8 keep compiled WebAssembly until the process ends; called before threads run any. While one thread lets go of
 * such code and another takes it up again, the V8 of Node 24 frees it twice, which ends the process: rarely, with
 * SIGTRAP or SIGSEGV (nodejs/node issue 66366). Node 26 has it mended.
 */
export function keepWasmCode(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--no-wasm-code-gc')
}
