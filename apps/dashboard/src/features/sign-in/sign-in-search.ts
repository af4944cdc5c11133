/** The sign-in page's state in the URL. */
export interface SignInSearch {
  /** Where to go afterwards: a path of this dashboard. */
  readonly next?: string
  /** Why the single sign-on did not let somebody in. */
  readonly error?: SignInError
}

/** What an address may say of a single sign-on that failed: whoever made the address, it is said in these words. */
export const signInErrors = {
  access_denied: 'The provider did not let you in.',
  no_group: 'None of your groups is let in here.',
  name_taken: 'There is somebody of your name here who signs in without it.',
  account_not_linked: 'There is an account of yours here that is not of the provider.',
  signup_disabled: 'Nobody gets an account here in this way.',
  other: 'It did not say why in words that are known here.',
} as const
export type SignInError = keyof typeof signInErrors

function toError(error: unknown): SignInError | null {
  if (typeof error !== 'string' || error === '') return null
  return Object.hasOwn(signInErrors, error) ? (error as SignInError) : 'other'
}

export function toSignInSearch(search: Record<string, unknown>): SignInSearch {
  const next = safePath(search['next'])
  const error = toError(search['error'])
  return {
    ...(next === null ? {} : { next }),
    ...(error === null ? {} : { error }),
  }
}

const nowhere = 'http://nowhere.invalid'

/** A path of this dashboard; null for anything that leads elsewhere, or to signing in once more. */
export function safePath(path: unknown): string | null {
  if (typeof path !== 'string' || path.length > 2000 || !/^\/(?![/\\])/u.test(path)) return null
  if (!URL.canParse(path, nowhere)) return null
  const { origin, pathname, search, hash } = new URL(path, nowhere)
  if (origin !== nowhere || /^\/(?:sign-in(?:\/|$)|api\/|trpc(?:\/|$)|\/)/u.test(pathname)) return null
  const whole = pathname + search + hash
  return whole === '/' ? null : whole
}
