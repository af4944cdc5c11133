import { Button, Modal } from '@mantine/core'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { ImageView } from '@varve/protocol/images'
import styles from './files.module.css'

interface DownloadDialogProps {
  readonly image: ImageView
  readonly onConvert: () => void
  readonly onClose: () => void
}

/** The file as it lies there, or first in another format. */
export function DownloadDialog({ image, onConvert, onClose }: DownloadDialogProps) {
  const { row, report } = image
  const file = row.name.split('/').at(-1) ?? row.name
  const reason = whyNotAsItIs(image)
  return (
    <Modal opened onClose={onClose} size={620} title={`Download ${file}`}>
      <div className={styles.ways}>
        <section className={styles.way} aria-label="As it is">
          <div>
            <h3>As it is</h3>
            <p>
              {reason ??
                `${report.format}, ${formatBytes(report.fileSize)}. A browser that is cut off goes on where it was.`}
            </p>
            {report.chain.length > 1 && (
              <p>Without its parents it cannot be read: convert it to have all in one file.</p>
            )}
          </div>
          {reason === null ? (
            <Button
              component="a"
              variant="filled"
              data-autofocus
              href={downloadOf(row.id)}
              download={file}
              onClick={onClose}
            >
              Download
            </Button>
          ) : (
            <Button variant="filled" disabled>
              Download
            </Button>
          )}
        </section>
        <section className={styles.way} aria-label="In another format">
          <div>
            <h3>In another format</h3>
            <p>
              A run writes it beside the image and proves it; then that image is downloaded. So a download can
              go on after a break, and what arrives was proven before.
            </p>
          </div>
          <Button disabled={row.virtualSize === null} onClick={onConvert}>
            Convert first…
          </Button>
        </section>
      </div>
    </Modal>
  )
}

/** Where the bytes of an image's file are. */
function downloadOf(id: string): string {
  return `/api/images/${encodeURIComponent(id)}/file`
}

function whyNotAsItIs({ row, report }: ImageView): string | null {
  if (row.hostState === 'offline') return `${row.host} is offline.`
  const isBundle = report.format === 'sparsebundle' || report.subformat === 'bundle'
  return isBundle ? 'It is a folder of several files: convert it to have one.' : null
}
