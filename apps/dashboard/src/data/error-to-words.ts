/** An error for people: what happened, what to do, and a reference to copy. */
export interface ErrorWords {
  readonly title: string
  readonly remedy: string
  readonly reference: string
  readonly isMissing: boolean
}

interface Coded {
  readonly code: string | null
  readonly path: string | null
  readonly problem: { readonly code: string; readonly remedy: string } | null
}

/** What to do about a refusal that has no cause but who asks. */
const remedies: Readonly<Record<string, string>> = {
  FORBIDDEN: 'Nothing was changed. Your account says what you may do.',
  UNAUTHORIZED: 'Nothing was changed. Sign in, then ask again.',
  TOO_MANY_REQUESTS: 'Wait a moment, then ask again.',
}

/** Explains an error of a query or mutation; `data` is what tRPC attached, absent when the controller did not answer. */
export function errorToWords(error: unknown): ErrorWords {
  const message = error instanceof Error ? error.message : String(error)
  const coded = codedPart(error)
  if (coded === null) {
    return {
      title: 'The controller did not answer.',
      remedy:
        'Nothing was changed by this page. Check that the controller runs; the page tries again by itself.',
      reference: message,
      isMissing: false,
    }
  }
  const reference = [coded.problem?.code ?? coded.code, coded.path]
    .filter((part) => part !== null)
    .join(' · ')
  return {
    title: message,
    remedy: coded.problem?.remedy ?? remedies[coded.code ?? ''] ?? 'Go back and try again.',
    reference,
    isMissing: coded.code === 'NOT_FOUND',
  }
}

function codedPart(error: unknown): Coded | null {
  if (!isRecord(error) || !isRecord(error['data'])) return null
  const { code, path, problem } = error['data']
  return {
    code: typeof code === 'string' ? code : null,
    path: typeof path === 'string' ? path : null,
    problem:
      isRecord(problem) && typeof problem['code'] === 'string' && typeof problem['remedy'] === 'string'
        ? { code: problem['code'], remedy: problem['remedy'] }
        : null,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
