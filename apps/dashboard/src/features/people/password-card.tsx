import { Card } from '../../components/card.tsx'
import { notify } from '../../components/notify.ts'
import { PasswordForm } from './password-form.tsx'
import styles from './people.module.css'

/** The password of who is signed in. */
export function PasswordCard({
  name,
  hasPassword,
}: {
  readonly name: string
  readonly hasPassword: boolean
}) {
  return (
    <Card title="Password">
      {!hasPassword && (
        <p className={`${styles.soft} ${styles.lead}`}>You have none: you sign in another way.</p>
      )}
      <PasswordForm
        name={name}
        hasPassword={hasPassword}
        onSet={() =>
          void notify({
            title: hasPassword ? 'Password changed' : 'Password set',
            message: 'It holds from the next sign-in on.',
          })
        }
      />
    </Card>
  )
}
