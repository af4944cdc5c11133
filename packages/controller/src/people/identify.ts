import type { IncomingMessage } from 'node:http'
import type { Identity } from '@varve/protocol/identity'
import { isLocalKey } from '@varve/trust/local-access'
import { isSameSecret } from '@varve/trust/pin'
import { isLoopbackAddress } from '../agents/serving-address.ts'
import type { Asked } from '../http/guard.ts'
import { answerKind } from '../http/security-headers.ts'
import type { SignIn } from './sign-in.ts'

export interface IdentifyOptions {
  /** What the connection itself proves. */
  readonly ofConnection: (request: Pick<IncomingMessage, 'socket'>) => Identity
  readonly signIn: SignIn
  /** Lets in who can read it, on this machine. */
  readonly localKey: string
  /** Everybody who reaches the controller is let in. */
  readonly isSignInOff: boolean
}

/** Tells who asks, by the connection and by what the request carries. */
export type Identify = (request: IncomingMessage) => Promise<Identity>

const nobody: Identity = { kind: 'nobody', why: null }

export function createIdentify(options: IdentifyOptions): Identify {
  function isLocal(key: string, request: IncomingMessage): boolean {
    const { remoteAddress, localAddress } = request.socket
    // Who comes to an address of this machine from that address is on this machine.
    return (
      remoteAddress !== undefined &&
      (isLoopbackAddress(remoteAddress) || remoteAddress === localAddress) &&
      isSameSecret(key, options.localKey)
    )
  }

  return async (request) => {
    const connected = options.ofConnection(request)
    if (connected.kind === 'agent' || (options.isSignInOff && connected.kind === 'local')) return connected
    if (answerKind(request.url ?? '') !== 'data') return nobody
    const { authorization = '' } = request.headers
    const key = authorization.replace(/^bearer /iu, '')
    if (isLocalKey(key)) {
      return isLocal(key, request)
        ? { kind: 'local' }
        : { kind: 'nobody', why: 'the key of this machine is another one now' }
    }
    const person = await options.signIn.identify(headersOf(request), originOf(request))
    return person ?? (connected.kind === 'nobody' ? connected : nobody)
  }
}

/** Where the request was sent to; its host was looked at before. */
export function originOf({ headers, socket }: Pick<Asked, 'headers' | 'socket'>): string {
  const scheme = socket.encrypted === true ? 'https' : 'http'
  return URL.parse(`${scheme}://${headers.host ?? ''}`)?.origin ?? `${scheme}://localhost`
}

/** Of a request as `fetch` has them. */
export function headersOf({ headers }: Pick<IncomingMessage, 'headers'>): Headers {
  const made = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) made.append(name, one)
  }
  return made
}
