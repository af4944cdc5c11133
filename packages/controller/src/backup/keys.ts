import { Decrypter, Encrypter } from 'age-encryption'
import { DiskError } from '@varve/core/problems/disk-error'

/** What a backup is encrypted with, in the format of age (age-encryption.org/v1). */
export type SealKey =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'recipients'; readonly recipients: readonly string[] }

/** What opens it. */
export type OpenKey =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'identities'; readonly identities: readonly string[] }

/** Encrypts one backup, and opens just that one again, to see whether it can be read. */
export interface Seal {
  readonly encrypter: Encrypter
  readonly decrypter: Decrypter
}

/** Throws `refused` for what is no public key of age. */
export function sealWith(key: SealKey): Seal {
  const encrypter = new Encrypter()
  const decrypter = new Decrypter()
  if (key.kind === 'passphrase') {
    encrypter.setPassphrase(key.passphrase)
    decrypter.addPassphrase(key.passphrase)
    return { encrypter, decrypter }
  }
  for (const recipient of key.recipients) addRecipient(encrypter, recipient)
  // Whoever encrypts to a public key cannot decrypt: the key of the file itself is kept until it is proven.
  let fileKey: Uint8Array | null = null
  encrypter.addRecipient({
    wrapFileKey(made) {
      fileKey = Uint8Array.from(made)
      return []
    },
  })
  decrypter.addIdentity({ unwrapFileKey: () => fileKey })
  return { encrypter, decrypter }
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient)
  } catch (error) {
    throw new DiskError(
      'refused',
      {
        file: recipient,
        layer: 'L1',
        reason: 'it is no public key of age',
        remedy: 'It begins with age1, as age-keygen prints it: copy all of it.',
      },
      { cause: error },
    )
  }
}

/** Throws `refused` for what is no private key of age; `file`: where it stood. */
export function openWith(key: OpenKey, file: string): Decrypter {
  const decrypter = new Decrypter()
  if (key.kind === 'passphrase') {
    decrypter.addPassphrase(key.passphrase)
    return decrypter
  }
  try {
    for (const identity of key.identities) decrypter.addIdentity(identity)
    return decrypter
  } catch (error) {
    throw noIdentity(file, error)
  }
}

/** The private keys in the text of a file as age-keygen writes it; throws `refused` when it has none. */
export function identitiesIn(text: string, file: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'))
  if (identities.length === 0 || identities.some((line) => !line.startsWith('AGE-SECRET-KEY-')))
    throw noIdentity(file, null)
  return identities
}

function noIdentity(file: string, cause: unknown): DiskError {
  return new DiskError(
    'refused',
    {
      file,
      layer: 'L1',
      reason: 'it has no private key of age',
      remedy:
        'It has a line that begins with AGE-SECRET-KEY-, as age-keygen writes it, not encrypted itself.',
    },
    { cause },
  )
}
