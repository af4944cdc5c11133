import type { ServedImage } from './serve-image.ts'

/** The address as a URI (github.com/NetworkBlockDevice/nbd, doc/uri.md). */
export function nbdUri(address: ServedImage['address']): string {
  if ('socket' in address) return `nbd+unix:///?socket=${encoded(address.socket)}`
  return `nbd://${address.host}:${address.port}/`
}

/** Everything that a URI, a shell or a list of options could take for something else; slashes stay, for people. */
function encoded(path: string): string {
  return encodeURIComponent(path)
    .replaceAll(/[!'()*]/gu, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
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
