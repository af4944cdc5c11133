import { Button, Checkbox, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { Me } from '@varve/protocol/people'
import type { SubmitEvent } from 'react'
import { focusFirst } from '../../components/focus-first.ts'
import { Refusal } from '../../components/refusal.tsx'
import { postAuth } from '../../data/auth.ts'
import { authToWords } from '../../data/auth-to-words.ts'
import { knowsPasskeys, signInByPasskey } from '../../data/passkeys.ts'
import styles from './sign-in.module.css'

interface PasswordStepProps {
  /** How people sign in here, once that is known. */
  readonly me: Me | null
  /** Where the single sign-on comes back to. */
  readonly next: string
  readonly onEntered: () => void
  /** The password was right, and a code is asked for. */
  readonly onCode: () => void
}

/** Name and password, or what stands for them. */
export function PasswordStep({ me, next, onEntered, onCode }: PasswordStepProps) {
  const password = useMutation({
    mutationFn: async (wish: { username: string; password: string; rememberMe: boolean }) =>
      (await postAuth('/sign-in/username', wish))['twoFactorRedirect'] === true,
    onSuccess: (isCodeWanted) => (isCodeWanted ? onCode() : onEntered()),
  })
  const passkey = useMutation({ mutationFn: signInByPasskey, onSuccess: onEntered })
  const elsewhere = useMutation({ mutationFn: () => goToSingleSignOn(next) })
  const hasPasskeys = me?.canUsePasskeys === true && knowsPasskeys()
  const singleSignOn = me?.singleSignOn ?? null
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    passkey.reset()
    elsewhere.reset()
    password.mutate({
      username: textOf(form, 'username').trim().toLowerCase(),
      password: textOf(form, 'password'),
      rememberMe: form.has('remember'),
    })
  }
  return (
    <>
      <form className={styles.form} onSubmit={submit}>
        <TextInput
          label="Name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          ref={focusFirst}
          required
          withAsterisk={false}
          maxLength={32}
        />
        <TextInput
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          maxLength={128}
        />
        <Checkbox name="remember" label="Stay signed in on this browser" />
        {password.isError && <Refusal {...authToWords(password.error, 'password')} />}
        <Button type="submit" variant="filled" loading={password.isPending}>
          Sign in
        </Button>
      </form>
      {(hasPasskeys || singleSignOn !== null) && (
        <>
          <div className={styles.or}>or</div>
          <div className={styles.other}>
            {hasPasskeys && (
              <Button loading={passkey.isPending} onClick={() => passkey.mutate()}>
                Sign in with a passkey
              </Button>
            )}
            {passkey.isError && <Refusal {...authToWords(passkey.error, 'passkey')} />}
            {singleSignOn !== null && (
              <Button loading={elsewhere.isPending} onClick={() => elsewhere.mutate()}>
                {singleSignOn}
              </Button>
            )}
            {elsewhere.isError && <Refusal {...authToWords(elsewhere.error, 'single-sign-on')} />}
          </div>
        </>
      )}
    </>
  )
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** What better-auth takes for a path to come back to. */
const plainPath = /^\/[\w\-.+/@]*(?:\?[\w\-.+/=&%@]*)?$/u

async function goToSingleSignOn(next: string): Promise<void> {
  const { url } = await postAuth('/sign-in/social', {
    provider: 'single-sign-on',
    callbackURL: plainPath.test(next) ? next : '/',
    errorCallbackURL: '/sign-in',
  })
  if (typeof url !== 'string' || !/^https?:\/\//u.test(url))
    throw new Error('the controller gave no address of the single sign-on')
  location.assign(url)
}
