import type { UploadTarget } from '@varve/protocol/file-streams'

/** What makes an upload the same after the page was opened again. */
export interface SameUpload extends Omit<UploadTarget, 'id'> {
  readonly size: number
  /** When the file was changed last, in ms. */
  readonly changed: number
}

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

function keyOf({ host, library, name, size, changed }: SameUpload): string {
  return `varve upload ${JSON.stringify([host, library, name, size, changed])}`
}

/** The id of the upload, from an earlier page where there is one. */
export function idOfUpload(upload: SameUpload, store: Store = localStorage): string {
  const known = store.getItem(keyOf(upload))
  if (known !== null && /^[0-9a-f]{12}$/u.test(known)) return known
  const random = crypto.getRandomValues(new Uint8Array(6))
  const id = [...random].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  store.setItem(keyOf(upload), id)
  return id
}

/** Nothing of it is left to go on with. */
export function forgetUpload(upload: SameUpload, store: Store = localStorage): void {
  store.removeItem(keyOf(upload))
}
