import type { NbdPlace } from './client-options.ts'

/** An export and where it is served. */
export interface NbdAddress {
  readonly place: NbdPlace
  readonly exportName: string
  /** Left out: plain text. */
  readonly tls?: NbdAddressTls
}

/** What an address says about TLS; the peer is verified, always. */
export interface NbdAddressTls {
  /** The folder with the certificates; null: not said. */
  readonly certificates: string | null
  /** The name that the server's certificate has to have; null: that of the host. */
  readonly hostname: string | null
}

/** Why an address means no export that can be opened, in half a sentence. */
export interface NbdAddressFault {
  readonly fault: string
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
  const isTls = kind.startsWith('nbds')
  if (!/^nbds?(?:\+unix)?$/u.test(kind))
    return {
      fault: `there is no way ${JSON.stringify(scheme)} to reach a server; nbd://, nbds://, nbd+unix:// and nbds+unix:// are known`,
    }
  if (fragment !== undefined)
    return { fault: 'what stands behind # means nothing; in a name it is written %23' }
  if (authority.includes('@'))
    return { fault: 'a user name is for TLS with shared keys, and Varve speaks it with certificates' }
  const exportName = decoded(path.slice(1))
  if (exportName === null || exportName.includes('\0'))
    return { fault: 'the name of its export is not UTF-8 in percent-encoding' }
  if (Buffer.byteLength(exportName) > longestName)
    return { fault: `the name of its export has more than ${longestName} bytes` }
  const parameters = parametersOf(query)
  if ('fault' in parameters) return parameters
  const { socket, ...said } = parameters
  if (!isTls && Object.keys(said).length > 0)
    return {
      fault: `it is plain text and has a parameter of TLS, which is ${kind.replace('nbd', 'nbds')}://`,
    }
  const place = kind.endsWith('+unix') ? unixPlace(authority, socket) : tcpPlace(authority, socket)
  if ('fault' in place) return place
  if (!isTls) return { place, exportName }
  const tls = { certificates: said['tls-certificates'] ?? null, hostname: said['tls-hostname'] ?? null }
  return { place, exportName, tls }
}

/** The address of an export, percent-encoded: every program that reads such addresses understands it. */
export function nbdAddress({ place, exportName, tls }: NbdAddress): string {
  const name = encoded(exportName)
  const scheme = tls ? 'nbds' : 'nbd'
  const about = [
    ['socket', 'path' in place ? place.path : null],
    ['tls-certificates', tls?.certificates ?? null],
    ['tls-hostname', tls?.hostname ?? null],
  ] as const
  const parameters = about.flatMap(([key, value]) => (value === null ? [] : `${key}=${encoded(value)}`))
  const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`
  if ('path' in place) return `${scheme}+unix:///${name}${query}`
  const host = place.host.includes(':') ? `[${place.host.replaceAll('%', '%25')}]` : place.host
  return `${scheme}://${host}:${place.port}/${name}${query}`
}

/** Everything that a URI, a shell or a list of options could take for something else; slashes stay, for people. */
function encoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()*]/gu, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
}

const known = ['socket', 'tls-certificates', 'tls-hostname', 'tls-type', 'tls-verify-peer'] as const
type Parameters = Partial<Record<(typeof known)[number], string>>

/** What a client does not understand it is to say. */
function parametersOf(query: string): Parameters | NbdAddressFault {
  const found: Parameters = {}
  for (const part of query.split(/[&;]/u).filter((each) => each !== '')) {
    const [name = '', ...rest] = part.split('=')
    const key = known.find((each) => each === name)
    if (key === undefined) return { fault: `the parameter ${JSON.stringify(name)} is not known` }
    if (found[key] !== undefined)
      return { fault: key === 'socket' ? 'it names two sockets' : `it says ${key} twice` }
    const value = decoded(rest.join('='))
    const what = key === 'socket' ? 'the path of its socket' : key
    if (value === null) return { fault: `${what} is not UTF-8 in percent-encoding` }
    if (key !== 'socket' && (value === '' || value.includes('\0'))) return { fault: `${key} says nothing` }
    found[key] = value
  }
  if ((found['tls-type'] ?? 'x509') !== 'x509')
    return { fault: 'Varve speaks TLS with certificates: tls-type is x509' }
  if ((found['tls-verify-peer'] ?? '1') !== '1')
    return { fault: 'who is at the other end is always verified: tls-verify-peer is 1' }
  return found
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
