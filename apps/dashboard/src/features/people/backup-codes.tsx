import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import styles from './people.module.css'

/** Codes for when the app is lost, to keep somewhere safe. */
export function BackupCodes({ codes }: { readonly codes: readonly string[] }) {
  const clipboard = useClipboard({ timeout: 1500 })
  return (
    <>
      <p className={styles.soft}>
        <strong>Keep these backup codes</strong> where only you find them. Each signs you in once when the app
        is lost; they are not shown again.
      </p>
      <ul className={styles.codes} aria-label="Backup codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className={styles.buttons}>
        <Button onClick={() => clipboard.copy(codes.join('\n'))}>
          {clipboard.copied ? 'Copied' : 'Copy all'}
        </Button>
      </div>
    </>
  )
}
