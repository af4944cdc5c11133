import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto'

/** The fingerprint of a certificate's public key: SHA-256 of its SubjectPublicKeyInfo, base64url (RFC 7469, 2.4). */
export function pinOf(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('base64url')
}

/** Whether both texts are the same, in a time that does not tell how much of them is. */
export function isSameSecret(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
