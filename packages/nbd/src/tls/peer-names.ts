import type { X509Certificate } from 'node:crypto'

/** The URIs that a certificate is issued for, such as `varve://agent/south`. */
export function urisOf({ subjectAltName = '' }: Pick<X509Certificate, 'subjectAltName'>): readonly string[] {
  // Names with a comma or a quote in them stand in quotes, as in JSON.
  const names = subjectAltName.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/gu) ?? []
  return names.flatMap((name) => {
    const [, uri] = /^\s*URI:([^"]*)$/u.exec(name) ?? []
    return uri === undefined ? [] : [uri]
  })
}
