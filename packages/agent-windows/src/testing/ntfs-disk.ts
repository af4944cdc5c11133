import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runToolOk } from '@varve/test-kit/tools'

const mib = 1024 ** 2

/** Bytes of the disk of `ntfsDisk`, and where its NTFS begins in it. */
export const ntfsDiskSize = 64 * mib
export const ntfsStart = 16 * mib

/** Tools that these are made and changed with. */
export const ntfsTools = ['mkntfs', 'ntfsresize', 'ntfsfix', 'sfdisk', 'sgdisk'] as const

/** A raw disk with a table: a blank partition, and an NTFS that ends with the disk. */
export async function ntfsDisk(path: string, table: 'gpt' | 'dos' = 'gpt'): Promise<void> {
  await writeFile(path, '')
  await truncate(path, ntfsDiskSize)
  const layout = `label: ${table}\nstart=2048, size=30720\nstart=32768, size=94208`
  await runToolOk('sh', ['-c', 'printf %s "$2" | sfdisk -q --wipe never "$1"', 'sh', path, `${layout}\n`])
  const part = `${path}.part.raw`
  await writeFile(part, '')
  await truncate(part, 46 * mib)
  await runToolOk('mkntfs', ['-q', '-F', '-Q', '-p', String(ntfsStart / 512), part])
  await runToolOk('dd', [`if=${part}`, `of=${path}`, 'bs=1M', `seek=${ntfsStart / mib}`, 'conv=notrunc'])
  await rm(part)
}

/** A folder that stands for a volume of Windows. */
export async function volumeFolder(path: string): Promise<string> {
  await mkdir(join(path, 'Users'), { recursive: true })
  await mkdir(join(path, 'System Volume Information'))
  await writeFile(join(path, 'Users/words.txt'), 'some words\n')
  return path
}
