import { layerNames, layerNumbers, type LayerNumber } from '@varve/core/problems/layer-number'
import type { CSSProperties } from 'react'
import styles from './lit-strata.module.css'

interface LitStrataProps {
  readonly layers: ReadonlySet<LayerNumber | 'all'>
  /** Before the names of the layers, such as `Acts on`. */
  readonly says: string
}

/** The bands of the model; those that something acts on are lit. */
export function LitStrata({ layers, says }: LitStrataProps) {
  const named = layerNumbers.filter((layer) => layers.has(layer))
  // What acts on none of them by itself goes through all.
  const acted: readonly LayerNumber[] = named.length === 0 && layers.has('all') ? layerNumbers : named
  return (
    <div
      className={styles.strata}
      role="img"
      aria-label={`${says} ${acted.map((layer) => layerNames[layer].toLowerCase()).join(', ')}`}
    >
      {layerNumbers.map((layer) => {
        const style: CSSProperties & Record<`--${string}`, string> = { '--layer': `var(--varve-${layer})` }
        return (
          <span
            key={layer}
            className={styles.stratum}
            style={style}
            data-lit={acted.includes(layer) || undefined}
            title={`${layer} ${layerNames[layer]}`}
          />
        )
      })}
    </div>
  )
}
