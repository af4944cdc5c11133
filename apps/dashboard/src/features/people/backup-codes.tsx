import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import styles from './people.module.css'

interface BackupCodesProps {
  readonly codes: readonly string[]
  readonly onKept: () => void
}

/** Codes for when the app is lost, to keep somewhere safe. */
export function BackupCodes({ codes, onKept }: BackupCodesProps) {
  const clipboard = useClipboard({ timeout: 1500 })
  return (
    <div className={styles.gap}>
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
      <div className={styles.buttons}>
        <Button variant="filled" onClick={onKept}>
          I have kept them
        </Button>
      </div>
    </div>
  )
}
