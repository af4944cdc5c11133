import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { formatBytes } from '@varve/core/units/format-bytes'
import { fileError } from '../backup/file-error.ts'
import { supportBundle } from '../support/support-bundle.ts'
import type { Command } from './command-host.ts'
import { UsageError } from './command-line.ts'

/** `varve controller support`. */
export async function supportCommand({ words, data, environment, ...host }: Command): Promise<void> {
  const said = words.value('to')
  if (said === null || said === '') throw new UsageError('Say the file of the archive: --to FILE.')
  const to = resolve(said)
  if (existsSync(to)) throw new DiskError('target-exists', { file: to })
  if (!existsSync(dirname(to))) throw new DiskError('folder-missing', { file: to, folder: dirname(to) })
  if (!existsSync(data)) throw new DiskError('not-found', { file: data })
  const logs = words.values('log').map((file) => resolve(file))
  for (const file of logs) if (!existsSync(file)) throw new DiskError('not-found', { file })
  const bytes = await supportBundle({
    data,
    logs,
    settings: environment.settings,
    secrets: environment.secrets,
    now: environment.now,
  })
  try {
    await using file = await open(to, 'wx', 0o600)
    await file.writeFile(bytes)
  } catch (error) {
    throw fileError(error, to)
  }
  if (words.json) return host.print(JSON.stringify({ path: to, size: bytes.length }))
  host.print(
    `${to}: ${formatBytes(bytes.length)}, without secrets. It has names of hosts and images in it: look at it before you give it away.`,
  )
}
