import { useEffect, type ReactNode } from 'react'
import { Logo } from '../../components/logo.tsx'
import styles from './sign-in.module.css'

/** A page outside the shell: one thing to do, in the middle. */
export function Door({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} – Varve`
  }, [title])
  return (
    <div className={styles.place}>
      <header className={styles.brand}>
        <Logo />
        Varve
      </header>
      <main className={styles.door}>
        <h1 className={styles.title}>{title}</h1>
        {children}
      </main>
    </div>
  )
}
