import type { ReactNode } from 'react'
import { filesystemName } from '@varve/core/guest/guest-names'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import { gainNames, gainsOf } from '@varve/operations/actions/reclaim-survey'
import { FactList } from '../../../components/fact-list.tsx'
import { ByteSize, LayerTag } from '../../../components/marks.tsx'
import { Verdict } from './parts.tsx'

/** What an image holds for nothing, and what each layer would give back. */
export function ReclaimResult({ of }: { readonly of: ActionOutcome<'survey-reclaim'> }) {
  const gains = gainsOf(of)
  const most = Math.max(0, ...gains.map(({ bytes }) => bytes ?? 0))
  return (
    <>
      <Verdict tone="plain">
        {most === 0 ? (
          'Nothing is held for nothing.'
        ) : (
          <>
            Reclaiming would give back some <ByteSize bytes={most} />.
          </>
        )}
      </Verdict>
      <FactList
        facts={[
          ...gains.map(({ layer, kind, bytes }): [string, ReactNode] => [
            `${layer} ${gainNames[kind]}`,
            bytes === null ? 'not known' : <ByteSize key={kind} bytes={bytes} />,
          ]),
          ...of.filesystems.map(({ type, label, start, free, held, doubt }): [string, ReactNode] => [
            `L6 ${filesystemName(type)}${label === null ? '' : ` ${label}`} at ${formatBytes(start)}`,
            free === null
              ? `what is free in it is not known: ${doubt?.reason ?? 'nobody tells'}`
              : `${formatBytes(held)} held of ${formatBytes(free)} free`,
          ]),
          ...of.closed.map(({ what, start }): [string, ReactNode] => [
            `L5 ${what} at ${formatBytes(start)}`,
            'what is free in it is not seen',
          ]),
        ]}
      />
      {of.lost.length > 0 && (
        <ul>
          {of.lost.map(({ layer, what, reason, remedy }) => (
            <li key={`${layer} ${what} ${reason}`}>
              <LayerTag layer={layer} /> {what}: discards are lost there. {reason}. {remedy}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
