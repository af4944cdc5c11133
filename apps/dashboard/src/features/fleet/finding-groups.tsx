import { Link } from '@tanstack/react-router'
import { formatBytes, groupThousands } from '@varve/core/units/format-bytes'
import type { FindingGroup } from '@varve/protocol/images'
import { MarkedItem } from '../../components/marked-item.tsx'
import { findingGroupToWords } from './finding-group-to-words.ts'
import styles from './fleet.module.css'

/** Findings by kind, each with its count and a way to the images that have it. */
export function FindingGroups({ groups }: { readonly groups: readonly FindingGroup[] }) {
  return (
    <ul className={styles.rows}>
      {groups.map((group) => (
        <li key={group.problem.id} className={styles.marked}>
          <MarkedItem
            severity={group.problem.severity}
            title={findingGroupToWords(group)}
            text={group.problem.remedy}
            aside={<Images group={group} />}
          />
        </li>
      ))}
    </ul>
  )
}

function Images({ group: { problem, images, bytes } }: { readonly group: FindingGroup }) {
  return (
    <Link to="/images" search={{ problem: problem.id }} className={styles.more}>
      {groupThousands(images)} {images === 1 ? 'image' : 'images'}
      {bytes !== null && bytes > 0 && (
        <>
          <br />
          {formatBytes(bytes)}
        </>
      )}
    </Link>
  )
}
