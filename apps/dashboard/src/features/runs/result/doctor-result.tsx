import { Button } from '@mantine/core'
import { countOf } from '@varve/core/units/format-bytes'
import { titleWords } from '@varve/core/problems/problem-words'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import { shellWord } from '@varve/operations/plans/shown'
import { FactList } from '../../../components/fact-list.tsx'
import { Command } from '../../../components/marks.tsx'
import { MarkedItem } from '../../../components/marked-item.tsx'
import { Verdict } from './parts.tsx'
import styles from './result.module.css'

type Diagnosis = ActionOutcome<'diagnose-folder'>
type Finding = Diagnosis['findings'][number]

interface DoctorResultProps {
  readonly of: Diagnosis
  /** Opens the plan of what mends the finding at that place. */
  readonly onMend: (at: number) => void
}

const groups = [
  ['block', 'Broken'],
  ['warn', 'To be looked at'],
  ['info', 'To be known'],
] as const

/** What is to be mended in a library, the gravest first, each with what mends it. */
export function DoctorResult({ of, onMend }: DoctorResultProps) {
  const { folder, images, looked, unseen, findings } = of
  const placed = findings.map((finding, at) => ({ finding, at }))
  const worst = groups.find(([severity]) => findings.some((one) => one.severity === severity))?.[0]
  return (
    <>
      <Verdict tone={worst === 'block' ? 'bad' : worst === 'warn' ? 'warn' : 'good'}>
        {findings.length === 0
          ? 'Nothing is to be mended.'
          : `${countOf(findings.length, 'finding')} in ${countOf(images, 'image')}.`}
      </Verdict>
      {groups.map(([severity, title]) => {
        const group = placed.filter(({ finding }) => finding.severity === severity)
        if (group.length === 0) return null
        return (
          <section key={severity} className={styles.findings} aria-label={title}>
            <h3>
              {title} <span>{group.length}</span>
            </h3>
            <ul>
              {group.map(({ finding, at }) => (
                <li key={at}>
                  <FindingItem finding={finding} onMend={() => onMend(at)} />
                </li>
              ))}
            </ul>
          </section>
        )
      })}
      <FactList
        facts={[
          ['Folder', folder],
          ['Looked at', countOf(looked, 'file')],
          ['Not seen', unseen],
        ]}
      />
    </>
  )
}

function FindingItem({ finding, onMend }: { readonly finding: Finding; readonly onMend: () => void }) {
  const { severity, remedy, command, wish, file } = finding
  return (
    <MarkedItem
      severity={severity}
      title={titleWords(finding)}
      text={
        <>
          {remedy}
          {file !== null && <div className={styles.file}>{file}</div>}
          {wish === null && command !== null && (
            <div className={styles.byHand}>
              <Command command={command.map(shellWord).join(' ')} />
            </div>
          )}
        </>
      }
      aside={
        wish !== null && (
          <Button size="xs" onClick={onMend}>
            {mendWords[wish.operation] ?? 'Mend'}…
          </Button>
        )
      }
    />
  )
}

const mendWords: Readonly<Record<string, string>> = {
  delete: 'Into quarantine',
  move: 'Move',
  'chain-repoint': 'Repoint',
  purge: 'Remove for good',
}
