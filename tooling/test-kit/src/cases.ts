import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'

const casesFolder = resolve(import.meta.dirname, '../../../../shared/cases')

/** Whether an archive of cases, such as `2026-11-28/ova-shapes`, is there; the reason is printed when it is not. */
export function hasCases(archive: string): boolean {
  if (existsSync(join(casesFolder, `${archive}.tar.zst`))) return true
  process.stderr.write(`skipped: ../shared/cases/${archive}.tar.zst is not beside the checkout\n`)
  return false
}

/** Unpacks an archive of cases into `folder`; throws when `tar` cannot. */
export function unpackCases(archive: string, folder: string): void {
  const input = zstdDecompressSync(readFileSync(join(casesFolder, `${archive}.tar.zst`)))
  const { status, stderr } = spawnSync('tar', ['-xf', '-', '-C', folder], { input })
  if (status !== 0) throw new Error(`tar: ${stderr.toString()}`)
}

/** What a case's file `expected` says of its disk: SHA-256 of L3 and its size. */
export function expectedDisk(folder: string): { readonly sha256: string; readonly size: number } {
  const [sha256 = '', size = ''] = readFileSync(join(folder, 'expected'), 'utf8').trim().split(/\s+/u)
  return { sha256, size: Number(size) }
}
