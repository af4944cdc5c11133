import { realpath } from 'node:fs/promises'

/** Where the file lies, whatever links lead to it; the path itself when nothing is there. */
export async function realPlace(path: string): Promise<string> {
  return await realpath(path).catch(() => path)
}
