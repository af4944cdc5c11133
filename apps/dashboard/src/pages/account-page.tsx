import { Card, Stack } from '../components/card.tsx'
import { Pill } from '../components/marks.tsx'
import { PageHead } from '../components/page-head.tsx'
import { ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useMe } from '../data/use-me.ts'
import { CodesCard } from '../features/people/codes-card.tsx'
import { grantToWords } from '../features/people/grant-to-words.ts'
import { OwnKeysCard } from '../features/people/keys-card.tsx'
import { PasskeysCard } from '../features/people/passkeys-card.tsx'
import { PasswordCard } from '../features/people/password-card.tsx'
import styles from '../features/people/people.module.css'
import { OwnSessionsCard } from '../features/people/sessions-card.tsx'

/** What who is signed in signs in with, where they are signed in, and their keys. */
export function AccountPage() {
  const me = useMe()
  const person = me.data?.person ?? null
  if (me.isError && !me.data) {
    return (
      <Stack>
        <PageHead title="Account" />
        <ErrorCard error={me.error} onRetry={() => void me.refetch()} />
      </Stack>
    )
  }
  if (!me.data || person === null) {
    return (
      <Stack>
        <PageHead title="Account" />
        <Card title="Password">
          <SkeletonRows rows={3} height={52} />
        </Card>
      </Stack>
    )
  }
  return (
    <>
      <PageHead
        title="Account"
        pill={<Pill tone="accent">{person.role}</Pill>}
        facts={[person.name, ...grantToWords(person)]}
      />
      <Stack>
        {person.id === null ? (
          <Card title="Nobody signs in here">
            <p className={styles.soft}>
              {me.data.isSignInOff
                ? 'Everybody who reaches this controller is an admin: there is no account to look after. Start the controller without that switch to have people sign in.'
                : 'You are let in because you are on the controller’s own machine: there is no account to look after.'}
            </p>
          </Card>
        ) : (
          <>
            <PasswordCard name={person.name} hasPassword={person.hasPassword} />
            <PasskeysCard passkeys={person.passkeys} canUse={me.data.canUsePasskeys} />
            <CodesCard hasPassword={person.hasPassword} isOn={person.hasOneTimeCodes} />
            <OwnSessionsCard />
            <OwnKeysCard grant={person} />
          </>
        )}
      </Stack>
    </>
  )
}
