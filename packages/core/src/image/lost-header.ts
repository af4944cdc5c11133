import { readRange, type ByteSource } from '../binary/byte-source.ts'
import { toHex } from '../binary/hex.ts'

/** Bytes behind which a VHDX keeps its first header and its region table (MS-VHDX 2.2). */
const vhdxPlaces = [
  [64 * 1024, '68656164'],
  [192 * 1024, '72656769'],
] as const

/** The image that a file was before its first bytes were lost, by what else its header says; null when nothing fits. */
export async function describeLostHeader(source: ByteSource, head: Uint8Array): Promise<string | null> {
  if (head.length < 512) return null
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  if (isQcow2(view, source.size)) return 'a QCOW2 image that lost its magic'
  if (isSparseVmdk(view)) return 'a sparse VMDK that lost its magic'
  if (String.fromCharCode(...head.subarray(0, 64)).includes('Disk Image >>>'))
    return 'a VDI that lost its magic'
  for (const [at, mark] of vhdxPlaces) {
    if (at + 4 > source.size) return null
    if (toHex(await readRange(source, { start: at, end: at + 4 })) !== mark) return null
  }
  return 'a VHDX that lost its file identifier'
}

/** Version, cluster size, and three tables that start at clusters inside the file (QEMU docs/interop/qcow2). */
function isQcow2(view: DataView, fileSize: number): boolean {
  const [version, clusterBits] = [view.getUint32(4), view.getUint32(20)]
  if ((version !== 2 && version !== 3) || clusterBits < 9 || clusterBits > 21) return false
  const cluster = 2n ** BigInt(clusterBits)
  const [tables, counts] = [view.getBigUint64(40), view.getBigUint64(48)]
  const isPlace = (at: bigint) => at > 0n && at % cluster === 0n && at < BigInt(fileSize)
  const headerLength = version === 3 ? view.getUint32(100) : 104
  return (
    view.getBigUint64(24) > 0n &&
    isPlace(tables) &&
    isPlace(counts) &&
    headerLength >= 104 &&
    headerLength <= 4096
  )
}

/** Version 1 to 3, and the four characters that show a transfer as text (VMDK specification 5.0). */
function isSparseVmdk(view: DataView): boolean {
  const version = view.getUint32(4, true)
  return version >= 1 && version <= 3 && view.getUint32(73) === 0x0a20_0d0a
}
