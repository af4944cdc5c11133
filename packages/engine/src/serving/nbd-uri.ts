import { nbdAddress } from '@varve/nbd/nbd-address'
import type { ServedImage } from './serve-image.ts'

/** The address as a URI (github.com/NetworkBlockDevice/nbd, doc/uri.md). */
export function nbdUri(address: ServedImage['address']): string {
  const place = 'socket' in address ? { path: address.socket } : address
  return nbdAddress({ place, exportName: '' })
}

/** How the usual programs open what is served, as argument vectors. */
export function clientCommands(address: ServedImage['address']): Readonly<Record<string, readonly string[]>> {
  const uri = nbdUri(address)
  const place = 'socket' in address ? ['-unix', address.socket] : [address.host, String(address.port)]
  return {
    nbdinfo: ['nbdinfo', uri],
    nbdcopy: ['nbdcopy', uri, 'disk.raw'],
    'qemu-img': ['qemu-img', 'info', uri],
    qemu: ['qemu-system-x86_64', '-snapshot', '-drive', `file=${uri},format=raw,if=virtio`],
    'nbd-client': ['nbd-client', ...place, '/dev/nbd0', '-readonly'],
  }
}
