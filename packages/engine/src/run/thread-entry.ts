const isBundled = !import.meta.url.endsWith('.ts')

/** The file that the thread `name` starts from: it lies beside the code at `near`, the URL of a module. */
export function threadFile(name: string, near: string): URL {
  return new URL(`./${name}.${isBundled ? 'mjs' : 'ts'}`, near)
}

/**
 * Node's arguments for a thread. From the sources it transforms TypeScript by native code: what Node itself does that
 * with is WebAssembly, and the V8 of Node 24 ends the whole process, rarely, when several threads compile and free that
 * (nodejs/node issue 64500). A bundle has nothing to transform.
 */
export function threadArguments(): string[] {
  return isBundled ? [] : ['--import', new URL('load-typescript.mjs', import.meta.url).href]
}
