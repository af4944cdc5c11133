import { lookup, lookupService } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'

/** Names that this controller is reached by beside those of loopback: this machine's, and those that it was told. */
export interface OwnNames {
  has(name: string): boolean
}

/** For who is known by something better than the name that was asked for. */
export const anyName: OwnNames = { has: () => true }

/** Throws a sentence for what is no name of a host. */
export function parseNames(texts: readonly string[]): string[] {
  return texts.map((text) => {
    const isAddress = isIPv6(text)
    // As browsers write it in the head of a request.
    const address = URL.parse(isAddress ? `http://[${text}]` : `http://${text}`)
    if (!address || (!isAddress && /[/:@?#\\\s]/u.test(text)))
      throw new Error(`${JSON.stringify(text)} is not a name such as varve.example.org, without port.`)
    return plainName(address.hostname)
  })
}

/** One spelling for one name: no final dot, lower case, an IPv6 address without its brackets. */
export function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\.$/u, '')
    .replace(/^\[(?<address>.*)\]$/u, '$<address>')
}

/** The names of this machine and `told`; the full one is known a moment later, once it was looked up. */
export function createOwnNames(
  told: readonly string[],
  options: { readonly machine: string; readonly fullName: Promise<string | null> } = {
    machine: hostname(),
    fullName: lookUpFullName(hostname()),
  },
): OwnNames {
  const machine = plainName(options.machine)
  const [short = machine] = machine.split('.')
  const names = new Set([...told, machine, short])
  options.fullName.then(
    (name) => name !== null && names.add(plainName(name)),
    () => undefined,
  )
  return { has: (name) => names.has(plainName(name)) }
}

/** What this machine's resolver calls it in full; null when that is the name of something else. */
async function lookUpFullName(machine: string): Promise<string | null> {
  const [short = machine] = machine.split('.')
  const { address } = await lookup(machine)
  const { hostname: full } = await lookupService(address, 80)
  return full.toLowerCase().startsWith(`${short.toLowerCase()}.`) ? full : null
}
