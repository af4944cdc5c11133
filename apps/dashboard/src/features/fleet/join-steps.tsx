import { Command } from '../../components/marks.tsx'
import styles from './fleet.module.css'

/** How a host joins, and what happens next. */
export function JoinSteps({ command }: { readonly command: string }) {
  return (
    <ol className={styles.steps}>
      <li>
        <div>
          <p>
            <strong>Run this on the host</strong> that has the images. Name its image folders as libraries.
          </p>
          <Command command={command} />
        </div>
      </li>
      <li>
        <p>
          <strong>Its agent dials this controller</strong> and says what it can do. It works only below the
          folders you named and listens on no port until a migration needs one.
        </p>
      </li>
      <li>
        <p>
          <strong>The images in those folders appear here</strong>, inspected layer by layer. Nothing is
          changed.
        </p>
      </li>
    </ol>
  )
}
