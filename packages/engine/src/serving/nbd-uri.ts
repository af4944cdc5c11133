import { nbdAddress } from '@varve/nbd/nbd-address'
import type { ServedImage } from './serve-image.ts'

/** Whether it is served over TLS, and whether a client of TLS 1.2 is taken. */
export type ServedTls = 'none' | 'TLSv1.3' | 'TLSv1.2'

/** Stands for the folder of a client, in which it has its own certificate and key. */
export const clientFolder = 'CLIENT-CERTIFICATES'

/** The address as a URI (github.com/NetworkBlockDevice/nbd, doc/uri.md). */
export function nbdUri(address: ServedImage['address'], tls: ServedTls = 'none'): string {
  return uriOf(address, tls, null)
}

/** How the usual programs open what is served, as argument vectors. */
export function clientCommands(
  address: ServedImage['address'],
  tls: ServedTls = 'none',
): Readonly<Record<string, readonly string[]>> {
  const uri = uriOf(address, tls, clientFolder)
  const place = 'socket' in address ? ['-unix', address.socket] : [address.host, String(address.port)]
  const copy = { nbdinfo: ['nbdinfo', uri], nbdcopy: ['nbdcopy', uri, 'disk.raw'] }
  if (tls !== 'none') {
    const files = ['cacert', 'cert', 'key'].flatMap((kind) => [
      `-${kind}file`,
      `${clientFolder}/${kind === 'cacert' ? 'ca-cert' : `client-${kind}`}.pem`,
    ])
    return {
      ...copy,
      varve: ['varve', 'digest', nbdUri(address, tls), '--tls-certificates', clientFolder],
      'qemu-img': ['qemu-img', 'info', ...qemuOptions(address)],
      // It knows no TLS 1.3.
      ...(tls === 'TLSv1.2' && {
        'nbd-client': ['nbd-client', ...place, '/dev/nbd0', '-readonly', '-x', ...files],
      }),
    }
  }
  return {
    ...copy,
    'qemu-img': ['qemu-img', 'info', uri],
    qemu: ['qemu-system-x86_64', '-snapshot', '-drive', `file=${uri},format=raw,if=virtio`],
    'nbd-client': ['nbd-client', ...place, '/dev/nbd0', '-readonly'],
  }
}

function uriOf(address: ServedImage['address'], tls: ServedTls, certificates: string | null): string {
  const place = 'socket' in address ? { path: address.socket } : address
  const secured = tls === 'none' ? {} : { tls: { certificates, hostname: null } }
  return nbdAddress({ place, exportName: '', ...secured })
}

/** QEMU takes no certificates in a URI; in its lists of options a comma is written twice. */
function qemuOptions(address: ServedImage['address']): readonly string[] {
  const escaped = (text: string) => text.replaceAll(',', ',,')
  const place =
    'socket' in address
      ? [`file.server.type=unix`, `file.server.path=${escaped(address.socket)}`]
      : ['file.server.type=inet', `file.server.host=${address.host}`, `file.server.port=${address.port}`]
  return [
    '--object',
    `tls-creds-x509,id=tls,endpoint=client,dir=${clientFolder}`,
    '--image-opts',
    ['driver=raw', 'file.driver=nbd', ...place, 'file.export=', 'file.tls-creds=tls'].join(','),
  ]
}
