import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** The URIs that a certificate is issued for, such as `varve://agent/south`. */
export function urisOf({ subjectAltName = '' }: Pick<X509Certificate, 'subjectAltName'>): readonly string[] {
  return namesOf('URI', subjectAltName)
}

/** The first host name that a certificate (PEM) is issued for; null: none. */
export function hostNameOf(pem: string): string | null {
  return namesOf('DNS', new X509Certificate(pem).subjectAltName ?? '')[0] ?? null
}

/** Whether clients that connect to `host` find it in the certificate (PEM). */
export function isIssuedFor(pem: string, host: string): boolean {
  const certificate = new X509Certificate(pem)
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined
}

function namesOf(kind: string, alternatives: string): readonly string[] {
  // Names with a comma or a quote in them stand in quotes, as in JSON.
  const names = alternatives.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/gu) ?? []
  return names.flatMap((name) => {
    const [, found, value] = /^\s*([A-Za-z ]+):([^"]*)$/u.exec(name) ?? []
    return found === kind && value !== undefined ? [value] : []
  })
}
