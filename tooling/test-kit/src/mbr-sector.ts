/** The first sector of a disk with one Linux partition from 1 MiB to its end: what tells a raw disk from any other file. */
export function mbrSector(diskSize: number): Buffer {
  const sector = Buffer.alloc(512)
  const first = 2048
  sector[446 + 4] = 0x83
  sector.writeUInt32LE(first, 446 + 8)
  sector.writeUInt32LE(Math.max(1, Math.floor(diskSize / 512) - first), 446 + 12)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}
