import type { ActionOutcome } from '@varve/operations/actions/action-table'
import { layerNames } from '@varve/core/problems/layer-number'
import { FactList } from '../../../components/fact-list.tsx'
import { ByteSize, LayerTag } from '../../../components/marks.tsx'
import { ProblemList } from '../../../components/states.tsx'
import { Verdict } from './parts.tsx'
import styles from './result.module.css'

/** What an image is, layer by layer. */
export function InfoResult({ of: { report } }: { readonly of: ActionOutcome<'inspect-image'> }) {
  const { path, format, subformat, virtualSize, fileSize, allocated, layers, problems, chain } = report
  const worst = (['block', 'warn'] as const).find((one) => problems.some(({ severity }) => severity === one))
  return (
    <>
      <Verdict tone={worst === 'block' ? 'bad' : worst === 'warn' ? 'warn' : 'good'}>
        {problems.length === 0
          ? 'Every layer that was read is in order.'
          : worst === undefined
            ? 'It is in order; something is to be known.'
            : 'Something is not in order.'}
      </Verdict>
      {problems.length > 0 && <ProblemList problems={problems} />}
      <ul className={styles.layers} aria-label="Layers">
        {layers
          .filter(({ summary }) => summary !== '')
          .map(({ layer, summary }) => (
            <li key={layer}>
              <LayerTag layer={layer} />
              <span title={layerNames[layer]}>{summary}</span>
            </li>
          ))}
      </ul>
      <FactList
        facts={[
          ['File', path],
          ['Format', subformat === null ? format : `${format} · ${subformat}`],
          ['Disk', virtualSize === null ? null : <ByteSize key="disk" bytes={virtualSize} />],
          ['Size', <ByteSize key="size" bytes={fileSize} />],
          ['On the host', allocated === null ? null : <ByteSize key="host" bytes={allocated} />],
          [
            'Parents',
            chain.length > 1
              ? chain
                  .slice(1)
                  .map((link) => link.path)
                  .join(', ')
              : null,
          ],
        ]}
      />
    </>
  )
}
