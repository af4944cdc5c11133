import { Panel } from '../../components/card.tsx'
import { useMayNot } from '../../data/use-may.ts'
import { placesOf, whyNot, type Effect, type Face, type Subject } from './face.ts'
import { imageFaces } from './face-table.ts'
import styles from './image-actions.module.css'

interface ImageActionsProps {
  readonly subject: Subject
  readonly onAct: (face: Face) => void
}

/** What stands together, from what only reads to what takes away. */
const groups: readonly { readonly title: string; readonly effects: readonly Effect[] }[] = [
  { title: 'Only read it', effects: ['reads'] },
  { title: 'Make another of it', effects: ['makes'] },
  { title: 'Change it', effects: ['changes'] },
  { title: 'Take it away', effects: ['removes'] },
]

/** All that can be done with an image; what its format or host does not allow stands there with the reason. */
export function ImageActions({ subject, onAct }: ImageActionsProps) {
  const mayNot = useMayNot()
  const reasonOf = (face: Face) =>
    whyNot(face, subject) ?? mayNot({ operation: face.operation }, placesOf(subject))
  return (
    <Panel label="Actions">
      <h2 className={styles.head}>Actions</h2>
      {groups.map(({ title, effects }) => (
        <section key={title} className={styles.group} aria-label={title}>
          <h3>{title}</h3>
          <ul className={styles.actions}>
            {imageFaces
              .filter(({ effect }) => effects.includes(effect))
              .map((face) => (
                <li key={face.operation}>
                  <Action face={face} reason={reasonOf(face)} onAct={() => onAct(face)} />
                </li>
              ))}
          </ul>
        </section>
      ))}
    </Panel>
  )
}

interface ActionProps {
  readonly face: Face
  readonly reason: string | null
  readonly onAct: () => void
}

function Action({ face: { verb, about, effect }, reason, onAct }: ActionProps) {
  return (
    // It keeps its place in the order of keys, so that the reason is heard too.
    <button
      type="button"
      className={styles.action}
      data-effect={effect}
      aria-disabled={reason !== null || undefined}
      onClick={() => {
        if (reason === null) onAct()
      }}
    >
      <span className={styles.verb}>{verb}…</span>
      <span className={styles.words}>{reason === null ? about : `${reason}.`}</span>
    </button>
  )
}
