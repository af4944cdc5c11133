import { useEffect, type ReactNode } from 'react'
import styles from './page-head.module.css'

interface PageHeadProps {
  readonly title: string
  /** How the title is shown, where plain text is not enough. */
  readonly heading?: ReactNode
  /** Links and words, the outermost first. */
  readonly crumbs?: ReactNode
  readonly pill?: ReactNode
  readonly facts?: readonly ReactNode[]
  readonly actions?: ReactNode
}

/** Breadcrumb, title, facts and actions of a page; also names the browser's tab. */
export function PageHead({ title, heading, crumbs, pill, facts = [], actions }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} – Varve`
  }, [title])
  return (
    <header className={styles.head}>
      <div className={styles.words}>
        {crumbs && (
          <nav className={styles.crumbs} aria-label="Breadcrumb">
            {crumbs}
          </nav>
        )}
        <div className={styles.titleLine}>
          <h1 className={styles.title}>{heading ?? title}</h1>
          {pill}
        </div>
        {facts.length > 0 && (
          <div className={styles.factsEdge}>
            <div className={styles.facts}>
              {facts.map((fact, index) => (
                <span key={index}>{fact}</span>
              ))}
            </div>
          </div>
        )}
      </div>
      {actions && <div className={styles.actions}>{actions}</div>}
    </header>
  )
}
