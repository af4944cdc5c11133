import styles from './no-way-back.module.css'

/** In a list of steps, above the one after which nothing brings back what was. */
export function NoWayBack() {
  return <li className={styles.noWayBack}>no way back after this</li>
}
