import { countOf } from '@varve/core/units/format-bytes'
import type { ApfsPlace, MacDiskPlace } from '@varve/protocol/places'
import { ByteSize } from '../../components/marks.tsx'
import styles from './fleet.module.css'
import { SpaceBar } from './host-rows.tsx'
import { PlaceRow } from './place-row.tsx'

/** A disk of a Mac. */
export function MacDiskRow({
  disk: { device, size, bus, isInternal, isSolidState, partitions },
}: {
  readonly disk: MacDiskPlace
}) {
  const words = [
    ...(isInternal === null ? [] : [isInternal ? 'internal' : 'external']),
    ...(isSolidState === true ? ['solid state'] : []),
    ...(bus === null ? [] : [bus]),
    countOf(partitions.length, 'partition'),
  ]
  return <PlaceRow kind="disk" name={device} words={words.join(', ')} room={<ByteSize bytes={size} />} />
}

/** Volumes share the room of their container. */
export function ApfsRows({
  container: { device, size, free, stores, volumes },
}: {
  readonly container: ApfsPlace
}) {
  return (
    <>
      <PlaceRow
        kind="APFS container"
        name={device}
        words={`on ${stores.join(', ')}, ${countOf(volumes.length, 'volume')}`}
        room={<SpaceBar free={free} total={size} />}
      />
      {volumes.map(({ device: volume, name, roles, used, mountPoint, isLocked, isEncrypted }) => (
        <PlaceRow
          key={volume}
          isInner
          kind={roles.length === 0 ? 'volume' : `volume, ${roles.join(' and ')}`}
          name={name ?? volume}
          words={[
            mountPoint ?? 'mounted nowhere',
            ...(isLocked ? ['locked'] : isEncrypted ? ['encrypted'] : []),
          ].join(', ')}
          room={
            <span className={styles.soft}>
              <ByteSize bytes={used} /> used
            </span>
          }
        />
      ))}
    </>
  )
}
