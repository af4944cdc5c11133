import { connectNbd, type NbdClient } from '@varve/nbd/client'
import type { ClientTls, NbdClientOptions } from '@varve/nbd/client-options'
import { readClientFolder } from '@varve/nbd/tls/certificate-folder'
import { urisOf } from '@varve/nbd/tls/peer-names'
import { placeOf } from './nbd-input.ts'
import { inputName } from './open-input.ts'
import type { DiskInput, InputTls } from './requests.ts'

/** Connects to an export as it was asked for: over TLS or not at all, where TLS was. */
export async function connectInput(
  input: DiskInput & { kind: 'nbd' },
  options: Pick<NbdClientOptions, 'signal' | 'connectTimeoutMs'>,
): Promise<NbdClient> {
  const { exportName } = input
  const tls = input.tls && (await clientTls(input.tls, inputName(input)))
  return await connectNbd({
    ...placeOf(input),
    exportName,
    name: inputName(input),
    ...(tls && { tls }),
    ...options,
  })
}

async function clientTls(tls: InputTls, address: string): Promise<ClientTls> {
  if ('ca' in tls) {
    const { peer } = tls
    if (typeof peer === 'string') return { ...tls, peer }
    return { ...tls, peer: (certificate) => urisOf(certificate).includes(peer.uri) }
  }
  const { certificates, hostname } = tls
  const found = await readClientFolder(certificates, address)
  return hostname === null ? found : { ...found, peer: hostname }
}
