import { Link } from '@tanstack/react-router'
import { formatBytes, groupThousands } from '@varve/core/binary/format-bytes'
import type { FindingGroup } from '@varve/protocol/images'
import { findingGroupToWords } from './finding-group-to-words.ts'
import styles from './fleet.module.css'

const marks = { block: '✕', warn: '!', info: 'i' } as const
const words = { block: 'Blocks', warn: 'Warning', info: 'Note' } as const

/** Findings by kind, each with its count and a way to the images that have it. */
export function FindingGroups({ groups }: { readonly groups: readonly FindingGroup[] }) {
  return (
    <ul className={styles.rows}>
      {groups.map(({ problem, images, bytes }) => (
        <li key={problem.id}>
          <div className={`${styles.row} ${styles.finding}`}>
            <span
              className={styles.mark}
              data-severity={problem.severity}
              role="img"
              aria-label={words[problem.severity]}
            >
              {marks[problem.severity]}
            </span>
            <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
              <div style={{ fontSize: 13.5 }}>{findingGroupToWords({ problem, images, bytes })}</div>
              <div className={styles.soft}>{problem.remedy}</div>
            </div>
            <Link to="/images" search={{ problem: problem.id }} className={`${styles.more} ${styles.right}`}>
              {groupThousands(images)} {images === 1 ? 'image' : 'images'}
              {bytes !== null && bytes > 0 && (
                <>
                  <br />
                  {formatBytes(bytes)}
                </>
              )}
            </Link>
          </div>
        </li>
      ))}
    </ul>
  )
}
