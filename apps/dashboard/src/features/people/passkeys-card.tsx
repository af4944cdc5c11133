import { useMutation } from '@tanstack/react-query'
import type { PasskeyView } from '@varve/protocol/people'
import { AskedTwice } from '../../components/asked-twice.tsx'
import { Card } from '../../components/card.tsx'
import { TimeAgo } from '../../components/marks.tsx'
import { notify } from '../../components/notify.ts'
import { postAuth } from '../../data/auth.ts'
import { authToWords } from '../../data/auth-to-words.ts'
import { AddPasskey } from './add-passkey.tsx'
import styles from './people.module.css'
import { useChange } from './use-change.ts'

interface PasskeysCardProps {
  readonly passkeys: readonly PasskeyView[]
  readonly canUse: boolean
}

/** Passkeys of who is signed in: each alone is enough to sign in. */
export function PasskeysCard({ passkeys, canUse }: PasskeysCardProps) {
  return (
    <Card title="Passkeys">
      <p className={`${styles.soft} ${styles.lead}`}>
        A passkey stays on its device and signs you in with a finger, a face or a PIN: there is nothing to
        remember, and nothing that a false page could ask for.
      </p>
      {passkeys.length > 0 && (
        <ul className={styles.rows} aria-label="Your passkeys">
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} />
          ))}
        </ul>
      )}
      <AddPasskey isPossible={canUse} onAdded={() => undefined} />
    </Card>
  )
}

function PasskeyRow({ passkey: { id, name, madeAt } }: { readonly passkey: PasskeyView }) {
  const { refresh } = useChange()
  const remove = useMutation({
    mutationFn: () => postAuth('/passkey/delete-passkey', { id }),
    onSuccess: refresh,
    onError: (error) => {
      const { title, remedy } = authToWords(error, 'passkey')
      void notify({ color: 'red', title, message: remedy })
    },
  })
  return (
    <li className={`${styles.row} ${styles.passkey}`}>
      <span className={styles.name}>{name === '' ? 'Passkey without a name' : name}</span>
      <span className={styles.soft}>
        {madeAt !== null && (
          <>
            added <TimeAgo at={madeAt} />
          </>
        )}
      </span>
      <span className={styles.rowButtons}>
        <AskedTwice
          word="Remove…"
          surely="Remove this passkey"
          isBusy={remove.isPending}
          onSure={() => remove.mutate()}
        />
      </span>
    </li>
  )
}
