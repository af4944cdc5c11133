import { Link } from '@tanstack/react-router'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { HostView } from '@varve/protocol/hosts'
import { ByteSize, Dot, ForTime, Meter } from '../../components/marks.tsx'
import styles from './fleet.module.css'
import { librariesToSpace } from './libraries-to-space.ts'

/** Hosts as rows: state, system, space, images. */
export function HostRows({ hosts }: { readonly hosts: readonly HostView[] }) {
  return (
    <ul className={styles.rows}>
      {hosts.map((host) => (
        <li key={host.name}>
          <div className={`${styles.row} ${styles.host}`}>
            <div>
              <div className={styles.title}>
                <Dot tone={host.state === 'connected' ? 'good' : 'bad'} />
                <Link to="/hosts/$name" params={{ name: host.name }}>
                  {host.name}
                </Link>
              </div>
              <div className={styles.soft}>{stateWords(host)}</div>
            </div>
            <div className={styles.soft}>
              {host.os.name}
              <br />
              {host.libraries.length} {host.libraries.length === 1 ? 'library' : 'libraries'}
              {host.running.length > 0 && `, ${host.running.length} running`}
            </div>
            <HostSpace host={host} />
            <div className={`${styles.soft} ${styles.right}`}>
              <Link to="/images" search={{ host: host.name }} className={styles.more}>
                {host.images.toLocaleString('en')} {host.images === 1 ? 'image' : 'images'}
              </Link>
            </div>
          </div>
        </li>
      ))}
    </ul>
  )
}

function stateWords({ state, since }: HostView) {
  return (
    <>
      {state} <ForTime since={since} />
    </>
  )
}

function HostSpace({ host }: { readonly host: HostView }) {
  const space = librariesToSpace(host.libraries)
  if (space === null) return <div className={styles.soft}>space not known</div>
  return <SpaceBar free={space.free} total={space.total} />
}

/** How full a filesystem is; the colour changes with the words when it is nearly full. */
export function SpaceBar({ free, total }: { readonly free: number; readonly total: number }) {
  const used = Math.max(0, total - free)
  const isTight = free < total * 0.1
  return (
    <div className={styles.space}>
      <Meter
        parts={[
          {
            share: total === 0 ? 0 : used / total,
            colour: isTight ? 'var(--varve-warn)' : 'var(--varve-L1)',
          },
        ]}
        label={`${formatBytes(free)} of ${formatBytes(total)} free`}
      />
      <span className={styles.soft}>
        <ByteSize bytes={free} /> of <ByteSize bytes={total} /> free{isTight && ': nearly full'}
      </span>
    </div>
  )
}
