import { readFile, stat } from 'node:fs/promises'
import { processTree } from './process-tree.ts'
import type { ToolSilence } from './tool-command.ts'

/** What changes while a silent tool works, as text to compare: sizes and times of its files, bytes read and written. */
export async function signsOfWork(pid: number, { files = [], io = false }: ToolSilence): Promise<string> {
  const signs = await Promise.all(files.map(signOfFile))
  if (io && process.platform === 'linux') {
    const counts = await Promise.all((await processTree(pid)).map(bytesMoved))
    signs.push(String(counts.reduce((sum, count) => sum + count, 0n)))
  }
  return signs.join(' ')
}

async function signOfFile(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true }).catch(() => null)
  return stats ? `${stats.size}/${stats.blocks}/${stats.mtimeNs}` : 'none'
}

/** Bytes that a process has read and written, from `/proc/PID/io`, proc(5). */
async function bytesMoved(pid: number): Promise<bigint> {
  const text = await readFile(`/proc/${pid}/io`, 'latin1').catch(() => '')
  return Array.from(text.matchAll(/^[rw]char: (\d+)$/gmu)).reduce(
    (sum, [, count]) => sum + BigInt(count ?? 0),
    0n,
  )
}
