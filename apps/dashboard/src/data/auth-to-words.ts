import { AuthError } from './auth.ts'
import { errorToWords } from './error-to-words.ts'

/** What was tried. */
export type AuthAct =
  'password' | 'code' | 'backup-code' | 'link' | 'passkey' | 'single-sign-on' | 'own-password' | 'device'

export interface AuthWords {
  readonly title: string
  readonly remedy: string
}

const refused: Readonly<Record<AuthAct, AuthWords>> = {
  password: {
    title: 'The name or the password is wrong.',
    remedy: 'Names are written in lower case. An admin can make you a link that signs you in once.',
  },
  code: {
    title: 'The code is not right.',
    remedy:
      'A code holds for half a minute: take the one that your app shows now, and see that its clock is right.',
  },
  'backup-code': {
    title: 'The backup code is not right.',
    remedy: 'Each works once. Without one, an admin can make you a link and forget your codes.',
  },
  link: {
    title: 'This link does not sign in any more.',
    remedy: 'It was used before, or its time is over. Ask an admin for a new one.',
  },
  passkey: {
    title: 'The passkey was not taken.',
    remedy: 'It may have been removed from your account: sign in another way, then add it anew.',
  },
  'single-sign-on': {
    title: 'The single sign-on did not let you in.',
    remedy: 'Try again; if it stays so, an admin sees why in the controller’s log.',
  },
  'own-password': { title: 'The password is wrong.', remedy: 'It is the one that you sign in with now.' },
  device: {
    title: 'There is no such code.',
    remedy:
      'It may have been used, or its time is over: run varve login again, and take the code that it shows.',
  },
}

const byCode: Readonly<Record<string, AuthWords>> = {
  ACCOUNT_TEMPORARILY_LOCKED: {
    title: 'Too many wrong codes: this account is locked for a while.',
    remedy: 'Try again later. Nothing of it was lost.',
  },
  CODE_WAS_USED: {
    title: 'This code was used already.',
    remedy: 'Each works once: wait for the next one, half a minute at most.',
  },
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: {
    title: 'Too many wrong codes.',
    remedy: 'Sign in again from the start.',
  },
  INVALID_TWO_FACTOR_COOKIE: {
    title: 'The sign-in took too long.',
    remedy: 'Sign in again from the start.',
  },
  PASSWORD_TOO_SHORT: { title: 'The password is too short.', remedy: 'It has 10 characters or more.' },
  PASSWORD_TOO_LONG: { title: 'The password is too long.', remedy: 'It has at most 128 characters.' },
}

/** An error of signing in, or of what one signs in with, for people. */
export function authToWords(error: unknown, act: AuthAct): AuthWords {
  if (error instanceof AuthError) return refusalToWords(error, act)
  if (error instanceof DOMException) return browserToWords(error)
  if (error instanceof TypeError) {
    return {
      title: 'The controller did not answer.',
      remedy: 'Check that it runs and that this machine reaches it; then try again.',
    }
  }
  return errorToWords(error)
}

function refusalToWords({ status, code, message, retryAfter }: AuthError, act: AuthAct): AuthWords {
  if (status === 429) {
    return {
      title: 'Tried too often.',
      remedy: `To keep guessers out, nobody is let in from here ${retryAfter === null ? 'for a while' : `for ${waitWords(retryAfter)}`}; then try again.`,
    }
  }
  const known = byCode[code]
  if (known !== undefined) return known
  if (status >= 500) {
    return { title: 'The controller could not do it.', remedy: 'Try again; its log says what went wrong.' }
  }
  if (status === 403 && message !== '') {
    return { title: message, remedy: 'An admin of this fleet can tell you more.' }
  }
  return refused[act]
}

function browserToWords({ name, message }: DOMException): AuthWords {
  if (name === 'NotAllowedError' || name === 'AbortError') {
    return {
      title: 'No passkey was given.',
      remedy: 'It was stopped, or it took too long. Try again when ready.',
    }
  }
  if (name === 'InvalidStateError') {
    return { title: 'This device has a passkey already.', remedy: 'Use that one, or another device.' }
  }
  return { title: 'The browser could not use a passkey.', remedy: message }
}

/** Seconds to wait, such as `40 seconds` or `5 minutes`. */
export function waitWords(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? 'one second' : `${seconds} seconds`
  return `${Math.ceil(seconds / 60)} minutes`
}
