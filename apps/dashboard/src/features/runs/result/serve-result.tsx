import { Button } from '@mantine/core'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import { shellWord } from '@varve/operations/plans/shown'
import { FactList } from '../../../components/fact-list.tsx'
import { ByteSize, Command } from '../../../components/marks.tsx'
import { durationToWords } from '../../../components/time-to-words.ts'
import { useNow } from '../../../components/use-now.ts'
import { Verdict } from './parts.tsx'
import styles from './result.module.css'

interface ServeResultProps {
  readonly of: ActionOutcome<'serve-image'>
  /** The host that serves it. */
  readonly on: string
  /** Ends it; null: that is not possible any more. */
  readonly onStop: (() => void) | null
}

/** An image that is served: its address, how programs open it, and how long. */
export function ServeResult({ of, on, onStop }: ServeResultProps) {
  const { virtualSize, host, port, until, uri, commands } = of
  const left = Date.parse(until) - useNow(1000)
  if (left <= 0) {
    return (
      <>
        <Verdict tone="plain">Its time is over: it is served no more.</Verdict>
        <FactList facts={[['Served until', new Date(until).toLocaleString('en-GB')]]} />
      </>
    )
  }
  const tunnel = ['ssh', '-N', '-L', `${port}:${host}:${port}`, on]
  return (
    <>
      <div className={styles.titled}>
        <Verdict tone="good">It is served read-only on {on}.</Verdict>
        {onStop && (
          <Button color="bad" onClick={onStop}>
            Stop serving…
          </Button>
        )}
      </div>
      <FactList
        facts={[
          ['Address', uri ?? `nbd://${host}:${port}/`],
          ['Disk', <ByteSize key="disk" bytes={virtualSize} />],
          [
            'Ends by itself',
            <time key="until" dateTime={until}>
              {new Date(until).toLocaleString('en-GB')}, in {durationToWords(left)}
            </time>,
          ],
          ['Who can read it', `programs on ${on} alone; from elsewhere through a tunnel`],
        ]}
      />
      <section className={styles.commands} aria-label="Commands">
        <h3>From elsewhere, a tunnel first</h3>
        <Command command={tunnel.map(shellWord).join(' ')} />
        {Object.entries(commands).map(([program, argv]) => (
          <div key={program}>
            <h3>{programWords[program] ?? program}</h3>
            <Command command={argv.map(shellWord).join(' ')} />
          </div>
        ))}
      </section>
    </>
  )
}

const programWords: Readonly<Record<string, string>> = {
  nbdinfo: 'What it is, by nbdinfo',
  nbdcopy: 'A copy of the disk, by nbdcopy',
  'qemu-img': 'What qemu-img says of it',
  qemu: 'A machine with the disk, whose changes are thrown away',
  'nbd-client': 'As a device of Linux, by nbd-client',
}
