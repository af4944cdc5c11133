import type { NbdPlace } from './client-options.ts'

/** An export and where it is served. */
export interface NbdAddress {
  readonly place: NbdPlace
  readonly exportName: string
}

/** Why an address means no export that can be opened, in half a sentence. */
export interface NbdAddressFault {
  readonly fault: string
  /** It is right, but asks for an encrypted connection. */
  readonly isTls?: true
}

/** Whether somebody means an NBD export; whether the address is right is said by `readNbdAddress`. */
export function isNbdAddress(text: string): boolean {
  return /^nbds?(?:\+[a-z]+)?:\/\//iu.test(text)
}

/** The port that IANA has given to NBD. */
const usualPort = 10_809
/** Bytes of an export's name that the protocol carries. */
const longestName = 4096
/** Bytes of a socket's path, with its end, that the narrowest system (macOS) takes; Linux has 108. */
const longestSocket = 108

/** What the parts of an address say; the grammar is that of github.com/NetworkBlockDevice/nbd, doc/uri.md. */
const grammar =
  /^(?<scheme>[a-z+]+):\/\/(?<authority>[^/?#]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?(?<fragment>#.*)?$/isu

/** The export that an address means, or why it means none that can be opened. */
export function readNbdAddress(text: string): NbdAddress | NbdAddressFault {
  const { scheme = '', authority = '', path = '', query = '', fragment } = grammar.exec(text)?.groups ?? {}
  const kind = scheme.toLowerCase()
  if (kind.startsWith('nbds'))
    return { fault: 'it asks for TLS (nbds), which Varve does not speak to other servers yet', isTls: true }
  if (kind !== 'nbd' && kind !== 'nbd+unix')
    return {
      fault: `there is no way ${JSON.stringify(scheme)} to reach a server; nbd:// and nbd+unix:// are known`,
    }
  if (fragment !== undefined)
    return { fault: 'what stands behind # means nothing; in a name it is written %23' }
  if (authority.includes('@'))
    return { fault: 'a user name is for TLS, which Varve does not speak to other servers yet', isTls: true }
  const exportName = decoded(path.slice(1))
  if (exportName === null || exportName.includes('\0'))
    return { fault: 'the name of its export is not UTF-8 in percent-encoding' }
  if (Buffer.byteLength(exportName) > longestName)
    return { fault: `the name of its export has more than ${longestName} bytes` }
  const parameters = parametersOf(query)
  if ('fault' in parameters) return parameters
  const { socket } = parameters
  const place = kind === 'nbd' ? tcpPlace(authority, socket) : unixPlace(authority, socket)
  return 'fault' in place ? place : { place, exportName }
}

/** The address of an export, percent-encoded: every program that reads such addresses understands it. */
export function nbdAddress({ place, exportName }: NbdAddress): string {
  const name = encoded(exportName)
  if ('path' in place) return `nbd+unix:///${name}?socket=${encoded(place.path)}`
  const host = place.host.includes(':') ? `[${place.host.replaceAll('%', '%25')}]` : place.host
  return `nbd://${host}:${place.port}/${name}`
}

/** Everything that a URI, a shell or a list of options could take for something else; slashes stay, for people. */
function encoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()*]/gu, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
}

/** Only `socket` is known: what a client does not understand it is to say. */
function parametersOf(query: string): { readonly socket?: string } | NbdAddressFault {
  let socket: string | undefined
  for (const part of query.split(/[&;]/u).filter((each) => each !== '')) {
    const [key = '', ...rest] = part.split('=')
    if (key.startsWith('tls-'))
      return { fault: `${key} is for TLS, which Varve does not speak to other servers yet`, isTls: true }
    if (key !== 'socket') return { fault: `the parameter ${JSON.stringify(key)} is not known` }
    if (socket !== undefined) return { fault: 'it names two sockets' }
    const value = decoded(rest.join('='))
    if (value === null) return { fault: 'the path of its socket is not UTF-8 in percent-encoding' }
    socket = value
  }
  return socket === undefined ? {} : { socket }
}

function tcpPlace(authority: string, socket: string | undefined): NbdPlace | NbdAddressFault {
  if (socket !== undefined) return { fault: 'a socket goes with nbd+unix://' }
  const found =
    /^(?:\[(?<six>[0-9a-f:.]+(?:%25[\w.~-]+)?)\]|(?<name>[^:[\]]*))(?::(?<port>\d{0,5}))?$/iu.exec(
      authority,
    )?.groups
  if (!found) return { fault: `${JSON.stringify(authority)} is no host with a port` }
  const { six, name = '', port = '' } = found
  const host = decoded(six ?? name)
  if (host === null || /[\0-\u0020\u007F]/u.test(host)) return { fault: 'the name of its host cannot be one' }
  const number = port === '' ? usualPort : Number(port)
  if (number < 1 || number > 65_535) return { fault: `there is no port ${port}` }
  return { host: host === '' ? 'localhost' : host, port: number }
}

function unixPlace(authority: string, socket: string | undefined): NbdPlace | NbdAddressFault {
  if (authority !== '')
    return { fault: `nbd+unix:// has no host: ${JSON.stringify(authority)} stands where a third / is due` }
  if (socket === undefined || socket === '') return { fault: 'nbd+unix:// needs ?socket=PATH' }
  if (socket.includes('\0', 1)) return { fault: 'the path of its socket cannot be one' }
  if (Buffer.byteLength(socket) > longestSocket)
    return { fault: `the path of its socket has more than ${longestSocket} bytes, which no system takes` }
  return { path: socket }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
