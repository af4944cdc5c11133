import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ScheduleView } from '@varve/protocol/schedules'
import { everyWords } from '@varve/protocol/schedule-words'
import { Fragment, useState, type ReactNode } from 'react'
import { TimeAgo } from '../../components/marks.tsx'
import { useNow } from '../../components/use-now.ts'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'
import { ScheduleFields } from './schedule-fields.tsx'
import { aheadWords, failedWords, nowWords, passedOverWords } from './schedule-line.ts'
import styles from './schedules.module.css'

/** How often the images of a library are proven again, and a form that changes it. */
export function LibrarySchedule({ host, library }: { readonly host: string; readonly library: string }) {
  const api = useTRPC()
  const query = useQuery(api.schedules.list.queryOptions({ host }))
  const [isOpen, setOpen] = useState(false)
  const schedule = query.data?.rows.find((one) => one.library === library) ?? null
  if (query.isError && !query.data)
    return <p className={styles.place}>Its schedule is not known: {errorToWords(query.error).title}</p>
  if (!query.data) return <p className={styles.place}>{'\u00A0'}</p>
  return (
    <div className={styles.place}>
      <div className={styles.line}>
        <span>{schedule === null ? 'Not verified by a schedule' : <Line schedule={schedule} />}</span>
        {!isOpen && (
          <Button
            size="xs"
            aria-label={`${schedule === null ? 'Set' : 'Change'} the schedule of ${library}`}
            onClick={() => setOpen(true)}
          >
            {schedule === null ? 'Set…' : 'Change…'}
          </Button>
        )}
      </div>
      {isOpen && (
        <ScheduleFields host={host} library={library} schedule={schedule} onDone={() => setOpen(false)} />
      )}
    </div>
  )
}

function Line({ schedule }: { readonly schedule: ScheduleView }) {
  const { host, library, everySeconds, window, zone, isOn, lastAt, nextAt, changed } = schedule
  const parts: Readonly<Record<string, ReactNode>> = {
    every: (
      <span title={window === null ? undefined : `on the clock of ${zone}`}>
        {isOn ? 'Verified' : 'Off: verified'} {everyWords(everySeconds, window)}
      </span>
    ),
    last: lastAt === null ? null : <Last at={lastAt} />,
    next: nextAt === null ? null : <Next at={nextAt} />,
    now: isOn ? nowWords(schedule) : null,
    passedOver: passedOverWords(schedule),
    changed: changed === 0 ? null : <Changed host={host} library={library} images={changed} />,
    failed: failedWords(schedule),
  }
  return Object.entries(parts)
    .filter(([, part]) => part !== null)
    .map(([key, part], at) => (
      <Fragment key={key}>
        {at > 0 && ' · '}
        {part}
      </Fragment>
    ))
}

function Last({ at }: { readonly at: string }) {
  return (
    <span>
      last <TimeAgo at={at} />
    </span>
  )
}

function Next({ at }: { readonly at: string }) {
  const now = useNow(10_000)
  const time = Date.parse(at)
  return (
    <span>
      next{' '}
      <time dateTime={at} title={new Date(time).toLocaleString('en-GB')}>
        {aheadWords(time, now)}
      </time>
    </span>
  )
}

interface ChangedProps {
  readonly host: string
  readonly library: string
  readonly images: number
}

/** Images that are not what their manifests say, with the way to them. */
function Changed({ host, library, images }: ChangedProps) {
  return (
    <Link to="/images" search={{ host, library, problem: 'content-changed' }} className={styles.changed}>
      {images} changed
    </Link>
  )
}
