import { postAuth } from './auth.ts'

/** Ends the session of this browser; the page is loaded anew, so that nothing of the fleet stays in it. */
export async function signOut(): Promise<void> {
  await postAuth('/sign-out', {})
  location.assign('/sign-in')
}
