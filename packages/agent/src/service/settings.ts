import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError, systemCode, writeError } from '@varve/engine/system/system-error'
import { z } from 'zod'

/**
 * What an installed service runs with: a file in its data folder, since the system starts it without a person's environment.
 * The words are those of the command line, without the folder itself.
 */
const Settings = z.object({ version: z.literal(1), words: z.array(z.string().max(4096)).max(1000) })

export const settingsName = 'service.json'

/** Null: there is none. Throws `refused` for a file that is damaged. */
export async function readSettings(data: string): Promise<readonly string[] | null> {
  const path = join(data, settingsName)
  try {
    return Settings.parse(JSON.parse(await readFile(path, 'utf8'))).words
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    if (systemCode(error) !== null) throw readError(error, path)
    throw new DiskError('refused', {
      file: path,
      reason: `${path} is damaged`,
      remedy:
        'Install the service again and name its libraries: varve-agent service install --library NAME=FOLDER',
    })
  }
}

/** Whole, or as before. */
export async function writeSettings(data: string, words: readonly string[]): Promise<void> {
  const path = join(data, settingsName)
  const staged = join(data, `.${settingsName}.${randomUUID()}`)
  try {
    await writeFile(staged, `${JSON.stringify({ version: 1, words }, null, 2)}\n`, { flush: true })
    await rename(staged, path)
  } catch (error) {
    throw writeError(error, path)
  }
}
