import type { ToolView } from '@varve/protocol/hosts'
import { Command, Dot } from '../../components/marks.tsx'
import styles from './fleet.module.css'

/** Tools of a host: those it has, then those it lacks, a line each; the line of a missing one opens to how it is installed. */
export function ToolRows({ tools }: { readonly tools: readonly ToolView[] }) {
  const found = tools.filter(({ path }) => path !== null)
  const missing = tools.filter(({ path }) => path === null)
  return (
    <>
      <ul className={styles.tools}>
        {found.map((tool) => (
          <li key={tool.name} className={styles.tool}>
            <Dot tone="good" />
            <ToolName tool={tool} words={tool.version ?? 'tells no version'} />
            <span className={styles.soft}>
              {tool.enables} <code>{tool.path}</code>
            </span>
          </li>
        ))}
      </ul>
      {missing.length > 0 && (
        <>
          <h3 className={styles.toolsMissing}>Not installed, and not needed to read, convert or migrate</h3>
          <ul className={styles.tools}>
            {missing.map((tool) => (
              <li key={tool.name}>
                <MissingTool tool={tool} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

function MissingTool({ tool }: { readonly tool: ToolView }) {
  return (
    <details className={styles.folded}>
      <summary className={styles.tool}>
        <Dot tone="soft" />
        <ToolName tool={tool} words="missing" />
        <span className={styles.soft}>for {tool.enables}</span>
        <span className={styles.more}>{tool.install === '' ? '' : 'how to install it'}</span>
      </summary>
      {tool.install !== '' && (
        <div className={styles.missing}>
          <Command command={tool.install} />
        </div>
      )}
    </details>
  )
}

function ToolName({ tool, words }: { readonly tool: ToolView; readonly words: string }) {
  return (
    <span className={styles.toolName}>
      {tool.name} <span className={styles.soft}>{words}</span>
    </span>
  )
}
