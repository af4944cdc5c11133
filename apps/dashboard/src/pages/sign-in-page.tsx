import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { Refusal } from '../components/refusal.tsx'
import { postAuth } from '../data/auth.ts'
import { authToWords } from '../data/auth-to-words.ts'
import { forgetFleet, useTRPC } from '../data/trpc.ts'
import { useMe } from '../data/use-me.ts'
import { AddPasskey } from '../features/people/add-passkey.tsx'
import { PasswordForm } from '../features/people/password-form.tsx'
import { CodeStep } from '../features/sign-in/code-step.tsx'
import { Door } from '../features/sign-in/door.tsx'
import { PasswordStep } from '../features/sign-in/password-step.tsx'
import { signInErrors, toSignInSearch } from '../features/sign-in/sign-in-search.ts'
import styles from '../features/sign-in/sign-in.module.css'
import { useLinkToken } from '../features/sign-in/use-link-token.ts'

const route = getRouteApi('/sign-in')

/** `busy`: a link is being used, or somebody has just come in; `welcome`: they have nothing to sign in with next time. */
type Stage = 'start' | 'busy' | 'code' | 'welcome'

/** Where people say who they are; nothing of the fleet is asked for before. */
export function SignInPage() {
  // What the address says beside what was looked at stays in the router's own search.
  const { next = '/', error } = toSignInSearch({ ...route.useSearch() })
  const router = useRouter()
  const api = useTRPC()
  const queryClient = useQueryClient()
  const me = useMe()
  const [stage, setStage] = useState<Stage>(() => (location.hash.length > 1 ? 'busy' : 'start'))

  const go = () => router.history.replace(next)
  const enter = async (how: 'link' | 'other') => {
    setStage('busy')
    forgetFleet(queryClient)
    // An answer that is under way is from before.
    await queryClient.cancelQueries({ queryKey: api.account.me.queryKey() })
    const now = queryClient.fetchQuery(api.account.me.queryOptions(undefined, { staleTime: 0 }))
    const person = await now.then(
      (answer) => answer.person,
      () => null,
    )
    if (person === null) return setStage('start')
    const hasNothing = person.id !== null && !person.hasPassword && person.passkeys.length === 0
    if (how === 'link' && hasNothing) setStage('welcome')
    else go()
  }
  const link = useMutation({
    mutationFn: async (token: string) =>
      (await postAuth('/sign-in/link', { token }))['twoFactorRedirect'] === true,
    onSuccess: (isCodeWanted) => (isCodeWanted ? setStage('code') : enter('link')),
    onError: () => setStage('start'),
  })
  useLinkToken((token) => {
    setStage('busy')
    link.mutate(token)
  })
  const isInside = stage === 'start' && !link.isError && me.data !== undefined && me.data.person !== null
  useEffect(() => {
    if (isInside) router.history.replace(next)
  }, [isInside, router, next])

  const person = me.data?.person ?? null
  if (stage === 'welcome' && person !== null) {
    return (
      <Door title={`Welcome, ${person.name}`}>
        <p className={styles.soft}>
          The link worked once. Choose how you sign in from now on; both can be changed in your account.
        </p>
        <PasswordForm name={person.name} hasPassword={false} onSet={go} />
        {me.data?.canUsePasskeys === true && (
          <>
            <div className={styles.or}>or</div>
            <AddPasskey isPossible onAdded={go} />
          </>
        )}
        <button type="button" className={styles.textButton} onClick={go}>
          Later
        </button>
      </Door>
    )
  }
  if (stage === 'code') {
    return (
      <Door title="One more step">
        <CodeStep onEntered={() => void enter('other')} onBack={() => setStage('start')} />
      </Door>
    )
  }
  if (stage === 'busy' || isInside) {
    return (
      <Door title="Sign in">
        <p className={styles.soft} role="status">
          Signing in…
        </p>
      </Door>
    )
  }
  return (
    <Door title="Sign in">
      {link.isError && <Refusal {...authToWords(link.error, 'link')} />}
      {link.isError && person !== null && (
        <>
          <p className={styles.soft}>
            You are signed in as <strong>{person.name}</strong> already.
          </p>
          <Button onClick={go}>Go on as {person.name}</Button>
        </>
      )}
      {error !== undefined && !link.isError && (
        <Refusal
          title="The single sign-on did not let you in."
          remedy={`${signInErrors[error]} Try again, or ask an admin of this fleet.`}
        />
      )}
      <PasswordStep
        me={me.data ?? null}
        next={next}
        onEntered={() => void enter('other')}
        onCode={() => setStage('code')}
      />
    </Door>
  )
}
