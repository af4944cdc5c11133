import styles from './figures.module.css'

/** One of the figures at the top of what runs or ran. */
export interface Figure {
  readonly value: string
  readonly label: string
}

/** Figures side by side, each with what it says below it. */
export function Figures({ figures }: { readonly figures: readonly Figure[] }) {
  return (
    <dl className={styles.figures}>
      {figures.map(({ value, label }, index) => (
        <div key={index} className={styles.figure}>
          <dt className={styles.figureLabel}>{label}</dt>
          <dd className={styles.figureValue}>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
