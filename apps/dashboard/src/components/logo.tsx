const strata = ['L7', 'L5', 'L3', 'L2'] as const

/** Four strata: two of the guest, two of the host. */
export function Logo() {
  return (
    <svg width="18" height="17" viewBox="0 0 18 17" aria-hidden>
      {strata.map((layer, index) => (
        <rect key={layer} y={index * 4.4} width="18" height="3.6" rx="1" fill={`var(--varve-${layer})`} />
      ))}
    </svg>
  )
}
