/** The sign-in page's state in the URL. */
export interface SignInSearch {
  /** Where to go afterwards: a path of this dashboard. */
  readonly next?: string
  /** Why the single sign-on did not let somebody in. */
  readonly error?: string
}

export function toSignInSearch(search: Record<string, unknown>): SignInSearch {
  const next = safePath(search['next'])
  const { error } = search
  return {
    ...(next === null ? {} : { next }),
    ...(typeof error === 'string' && error !== '' ? { error: error.slice(0, 200) } : {}),
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
