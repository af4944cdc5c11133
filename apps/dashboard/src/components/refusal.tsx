import styles from './refusal.module.css'

interface RefusalProps {
  readonly title: string
  readonly remedy: string
}

/** Why something that was just tried was not done, beside where it was tried. */
export function Refusal({ title, remedy }: RefusalProps) {
  return (
    <div className={styles.refusal} role="alert">
      <strong>{title}</strong> {remedy}
    </div>
  )
}
