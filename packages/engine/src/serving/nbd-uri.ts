import { nbdAddress } from '@varve/nbd/nbd-address'
import type { TlsVersion } from '@varve/nbd/tls/tls-options'
import type { ServedImage } from './serve-image.ts'

/** What a client has to know of the TLS of a server. */
export interface ServedTls {
  readonly minVersion: TlsVersion
  /** A name in its certificate; null: there is none. */
  readonly hostname: string | null
}

/** Stands for the folder of a client, in which it has its own certificate and key. */
export const clientFolder = 'CLIENT-CERTIFICATES'

/** The address as a URI (github.com/NetworkBlockDevice/nbd, doc/uri.md). */
export function nbdUri(address: ServedImage['address'], tls: ServedTls | null = null): string {
  return uriOf(address, tls, null)
}

/** How the usual programs open what is served, as argument vectors. */
export function clientCommands(
  address: ServedImage['address'],
  tls: ServedTls | null = null,
): Readonly<Record<string, readonly string[]>> {
  const uri = uriOf(address, tls, clientFolder)
  const place = 'socket' in address ? ['-unix', address.socket] : [address.host, String(address.port)]
  const copy = { nbdinfo: ['nbdinfo', uri], nbdcopy: ['nbdcopy', uri, 'disk.raw'] }
  if (tls !== null) {
    const qemu = qemuOptions(address, tls.hostname)
    const files = ['cacert', 'cert', 'key'].flatMap((kind) => [
      `-${kind}file`,
      `${clientFolder}/${kind === 'cacert' ? 'ca-cert' : `client-${kind}`}.pem`,
    ])
    return {
      ...copy,
      varve: ['varve', 'digest', nbdUri(address, tls), '--tls-certificates', clientFolder],
      ...(qemu && { 'qemu-img': ['qemu-img', 'info', ...qemu] }),
      // It knows no TLS 1.3.
      ...(tls.minVersion === 'TLSv1.2' && {
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

function uriOf(address: ServedImage['address'], tls: ServedTls | null, certificates: string | null): string {
  const place = 'socket' in address ? { path: address.socket } : address
  const secured = tls === null ? {} : { tls: { certificates, hostname: null } }
  return nbdAddress({ place, exportName: '', ...secured })
}

/** QEMU takes no certificates in a URI; in its lists of options a comma is written twice. Null: of a socket it wants to be told the name. */
function qemuOptions(address: ServedImage['address'], hostname: string | null): readonly string[] | null {
  if ('socket' in address && hostname === null) return null
  const name = 'socket' in address ? [`file.tls-hostname=${hostname}`] : []
  const escaped = (text: string) => text.replaceAll(',', ',,')
  const place =
    'socket' in address
      ? [`file.server.type=unix`, `file.server.path=${escaped(address.socket)}`]
      : ['file.server.type=inet', `file.server.host=${address.host}`, `file.server.port=${address.port}`]
  return [
    '--object',
    `tls-creds-x509,id=tls,endpoint=client,dir=${clientFolder}`,
    '--image-opts',
    ['driver=raw', 'file.driver=nbd', ...place, 'file.export=', 'file.tls-creds=tls', ...name].join(','),
  ]
}
