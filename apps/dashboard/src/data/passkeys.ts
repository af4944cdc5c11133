import { getAuth, postAuth } from './auth.ts'

/** Signs in with a passkey that the browser or the system keeps. */
export async function signInByPasskey(): Promise<void> {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(
    (await getAuth(
      '/passkey/generate-authenticate-options',
    )) as unknown as PublicKeyCredentialRequestOptionsJSON,
  )
  const credential = await navigator.credentials.get({ publicKey: options })
  await postAuth('/passkey/verify-authentication', { response: toJson(credential) })
}

/** Makes a passkey of this browser or system for who is signed in. */
export async function addPasskey(name: string): Promise<void> {
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(
    (await getAuth('/passkey/generate-register-options', {
      name,
    })) as unknown as PublicKeyCredentialCreationOptionsJSON,
  )
  const credential = await navigator.credentials.create({ publicKey: options })
  await postAuth('/passkey/verify-registration', { response: toJson(credential), name })
}

/** Whether this browser knows passkeys as they are used here. */
export function knowsPasskeys(): boolean {
  return typeof PublicKeyCredential !== 'undefined' && 'parseRequestOptionsFromJSON' in PublicKeyCredential
}

function toJson(credential: Credential | null): unknown {
  if (!(credential instanceof PublicKeyCredential))
    throw new DOMException('no passkey was given', 'NotAllowedError')
  return credential.toJSON()
}
