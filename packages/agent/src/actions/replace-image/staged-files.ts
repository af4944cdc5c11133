import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { rulesOf } from '@varve/core/formats/writable-formats'
import { readError } from '@varve/engine/files/system-error'
import type { Staged } from '@varve/operations/actions/new-image'
import { partFileName } from '../../library/part-file.ts'

/** The files of a staged image and the names that they get, the image itself last. */
export async function stagedFiles({ target, staging, format, subformat }: Staged) {
  const folder = dirname(target)
  const hidden = join(folder, partFileName(basename(target), staging))
  const isSplit = subformat !== null && (rulesOf(format).splitSubformats ?? []).includes(subformat)
  if (!isSplit) return [{ from: hidden, to: target }]
  const names = await readdir(hidden).catch((error: unknown) => {
    throw readError(error, hidden)
  })
  const own = basename(target)
  const parts = names.filter((name) => name !== own && name.toLowerCase().endsWith('.vmdk'))
  return [...parts, own].map((name) => ({ from: join(hidden, name), to: join(folder, name) }))
}
