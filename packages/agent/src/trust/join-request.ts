import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeRequest } from '@varve/trust/certificates'
import { z } from 'zod'

const Kept = z.object({ token: z.string(), key: z.string(), request: z.string() })

const fileOf = (folder: string) => join(folder, 'joining.json')

/**
 * The key of a host that joins, with its request: of the same token the same ones, so that an answer which was lost can be asked
 * for again.
 */
export async function openRequest(folder: string, token: string): Promise<{ key: string; request: string }> {
  const kept = await keptIn(folder)
  if (kept?.token === token) return kept
  const made = await makeRequest()
  await dropRequest(folder)
  await writeFile(fileOf(folder), JSON.stringify({ token, ...made }), { flag: 'wx', mode: 0o600 })
  return made
}

/** The host has joined. */
export async function dropRequest(folder: string): Promise<void> {
  await rm(fileOf(folder), { force: true })
}

/** Null: there is none, or it is damaged. */
async function keptIn(folder: string): Promise<z.infer<typeof Kept> | null> {
  try {
    return Kept.parse(JSON.parse(await readFile(fileOf(folder), 'utf8')))
  } catch {
    return null
  }
}
