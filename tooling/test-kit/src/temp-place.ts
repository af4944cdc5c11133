import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TempPlace extends AsyncDisposable {
  readonly path: string
  file(name: string): string
}

/** A folder below the system's temporary folder, or on another filesystem, that is removed at the end: `await using place = await tempPlace()`. */
export async function tempPlace(parent = tmpdir()): Promise<TempPlace> {
  const path = await mkdtemp(join(parent, 'varve-test-'))
  return {
    path,
    file: (name) => join(path, name),
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true })
    },
  }
}
