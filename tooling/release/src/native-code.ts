import { open } from 'node:fs/promises'
import { ReleaseError } from './release-error.ts'
import type { Target } from './targets.ts'

/** Which systems and processors a file of native code is for. */
export type NativeCode = Pick<Target, 'system' | 'cpu'>

/** Enough for each header below. */
const headBytes = 4096
// e_machine of ELF, Machine of PE/COFF, cputype of Mach-O.
const elf: Readonly<Record<number, Target['cpu']>> = { 62: 'x64', 183: 'arm64' }
const pe: Readonly<Record<number, Target['cpu']>> = { 0x8664: 'x64', 0xaa64: 'arm64' }
const machO: Readonly<Record<number, Target['cpu']>> = { 0x100_0007: 'x64', 0x100_000c: 'arm64' }
const mostOfFat = 8

/** What the first bytes of a file say that it runs on; none: it is no native code, or of another processor. */
export function nativeCodeOf(head: Uint8Array): readonly NativeCode[] {
  if (head.length < 64) return []
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const of = (system: Target['system'], cpu: Target['cpu'] | undefined) => (cpu ? [{ system, cpu }] : [])
  const magic = view.getUint32(0)
  if (magic === 0x7f45_4c46) return of('linux', elf[view.getUint16(18, true)])
  if (magic === 0xcffa_edfe) return of('darwin', machO[view.getUint32(4, true)])
  if (magic === 0xcafe_babe) {
    const count = Math.min(view.getUint32(4), mostOfFat)
    return Array.from({ length: count }, (_, index) => 8 + index * 20)
      .filter((at) => at + 4 <= head.length)
      .flatMap((at) => of('darwin', machO[view.getUint32(at)]))
  }
  if (view.getUint16(0) !== 0x4d5a) return []
  const at = view.getUint32(60, true)
  if (at + 6 > head.length || view.getUint32(at) !== 0x5045_0000) return []
  return of('win32', pe[view.getUint16(at + 4, true)])
}

/** Throws unless the file is native code for the target: a package may hold that of another. */
export async function assertNativeCode({ name, system, cpu }: Target, path: string): Promise<void> {
  await using file = await open(path, 'r')
  const head = new Uint8Array(headBytes)
  const { bytesRead } = await file.read(head, 0, head.length, 0)
  const found = nativeCodeOf(head.subarray(0, bytesRead))
  if (found.some((one) => one.system === system && one.cpu === cpu)) return
  const what = found.map((one) => `${one.system} on ${one.cpu}`).join(', ') || 'nothing that is known'
  throw new ReleaseError(`${path} is to be for ${name}, and is for ${what}.`)
}
