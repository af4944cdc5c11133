import { useMemo } from 'react'
import styles from './people.module.css'
import { qrToPath } from './qr-to-path.ts'

/** A text for a camera. */
export default function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { size, path } = useMemo(() => qrToPath(text), [text])
  return (
    <svg
      className={styles.qr}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="var(--varve-scan-ground)" />
      <path d={path} fill="var(--varve-scan-ink)" />
    </svg>
  )
}
