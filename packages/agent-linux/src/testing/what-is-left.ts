import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { attachedNow } from '@varve/engine/attached/attached-now'
import { kernelRoots } from '@varve/engine/in-use/attached-device'
import { runToolOk } from '@varve/test-kit/tools'
import { expect } from 'vitest'

/** No hidden file is beside the image but its quarantine, and no file below `folder` is behind a device. */
export async function nothingIsLeft(path: string, folder: string): Promise<void> {
  const names = await readdir(dirname(path))
  expect(names.filter((name) => name.startsWith('.') && name !== '.varve-quarantine')).toEqual([])
  expect(await attachedNow({ folder: join(folder, 'run/attached'), roots: kernelRoots })).toEqual([])
  const loops = await runToolOk('losetup', ['--list', '--noheadings', '-O', 'BACK-FILE'])
  expect(loops.split('\n').filter((file) => file.includes(folder))).toEqual([])
}

export async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
