import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { readError } from '@varve/engine/system/system-error'
import { isSplit } from '@varve/core/formats/writable-formats'
import { stagedPath } from '@varve/engine/files/staged-name'
import type { Staged } from '@varve/operations/actions/new-image'

/** The files of a staged image and the names that they get, the image itself last. */
export async function stagedFiles({ target, staging, format, subformat }: Staged) {
  const folder = dirname(target)
  const hidden = stagedPath(target, staging)
  if (!isSplit(format, subformat)) return [{ from: hidden, to: target }]
  const names = await readdir(hidden).catch((error: unknown) => {
    throw readError(error, hidden)
  })
  const own = basename(target)
  const parts = names.filter((name) => name !== own && name.toLowerCase().endsWith('.vmdk'))
  return [...parts, own].map((name) => ({ from: join(hidden, name), to: join(folder, name) }))
}
