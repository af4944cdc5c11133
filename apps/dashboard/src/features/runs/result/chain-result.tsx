import { countOf } from '@varve/core/units/format-bytes'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import { FactList } from '../../../components/fact-list.tsx'
import { fileName } from '../../../components/file-name.ts'
import { ByteSize, Pill } from '../../../components/marks.tsx'
import { ProblemList } from '../../../components/states.tsx'
import { Verdict } from './parts.tsx'
import styles from './result.module.css'

type Chain = ActionOutcome<'show-chain'>
type Node = Chain['root']

/** What an image is made over, and what is made over it. */
export function ChainResult({ of }: { readonly of: Chain }) {
  const { root, chain, dependents, problems, looked, unseen } = of
  return (
    <>
      <Verdict tone={problems.some(({ severity }) => severity === 'block') ? 'bad' : 'plain'}>
        {dependents.length === 0
          ? 'Nothing is made over it.'
          : `${countOf(dependents.length, 'image')} cannot be read without it.`}
      </Verdict>
      <ul className={styles.tree} aria-label="Chain">
        <TreeNode node={root} />
      </ul>
      {problems.length > 0 && <ProblemList problems={problems} />}
      <FactList
        facts={[
          ['Files of its disk', String(chain.length)],
          [
            'Depend on it',
            dependents.length === 0 ? 'none' : dependents.map(({ path }) => fileName(path)).join(', '),
          ],
          ['Looked at', countOf(looked, 'file')],
          ['Not seen', unseen],
        ]}
      />
    </>
  )
}

function TreeNode({ node }: { readonly node: Node }) {
  const { path, format, subformat, virtualSize, fileSize, isAsked, children } = node
  return (
    <li>
      <div className={styles.node} data-asked={isAsked || undefined}>
        <span className={styles.knot} aria-hidden />
        <span className={styles.nodeName} title={path}>
          {fileName(path)}
        </span>
        {isAsked && <Pill tone="accent">this image</Pill>}
        <span className={styles.nodeMore}>
          {subformat === null ? format : `${format} · ${subformat}`}
          {virtualSize !== null && (
            <>
              , disk <ByteSize bytes={virtualSize} />
            </>
          )}
        </span>
        <span className={styles.nodeSize}>
          <ByteSize bytes={fileSize} />
        </span>
      </div>
      {children.length > 0 && (
        <ul>
          {children.map((child) => (
            <TreeNode key={child.path} node={child} />
          ))}
        </ul>
      )}
    </li>
  )
}
