import { NativeSelect } from '@mantine/core'
import type { HostView } from '@varve/protocol/hosts'
import { useEffect, useRef } from 'react'
import styles from '../../plans/plan.module.css'
import {
  compressionLabels,
  compressionsOf,
  kindLabels,
  kindsOf,
  libraryLabel,
  targetFormats,
  type Compression,
  type TargetFormat,
} from '../../plans/target-formats.ts'
import { allocationsOf, volumesAt, type MigrateForm } from './migrate-form.ts'

export interface TargetFieldsProps {
  readonly form: MigrateForm
  readonly hosts: readonly HostView[]
  readonly onChange: (change: Partial<MigrateForm>) => void
}

/** Where it goes: host and library. */
export function PlaceFields({ form, hosts, onChange }: TargetFieldsProps) {
  const first = useRef<HTMLSelectElement>(null)
  useEffect(() => first.current?.focus(), [])
  const libraries = hosts.find(({ name }) => name === form.targetHost)?.libraries ?? []
  return (
    <>
      <NativeSelect
        className={styles.half}
        label="Target host"
        data-autofocus
        ref={first}
        value={form.targetHost}
        onChange={({ currentTarget }) => onChange({ targetHost: currentTarget.value })}
        data={hosts.map(({ name, state }) => ({
          value: name,
          label: state === 'connected' ? name : `${name} (offline)`,
        }))}
      />
      <NativeSelect
        className={styles.half}
        label="Library"
        value={form.targetLibrary}
        onChange={({ currentTarget }) => onChange({ targetLibrary: currentTarget.value })}
        data={libraries.map((library) => ({ value: library.name, label: libraryLabel(library) }))}
      />
    </>
  )
}

/** What it becomes: format, and kind or compression; of a volume, how it gets its room. */
export function FormatFields({
  form,
  hosts,
  onChange,
  className = styles.third,
}: TargetFieldsProps & { readonly className?: string | undefined }) {
  const kinds = kindsOf(form.format)
  const volumes = volumesAt(form, hosts)
  if (volumes) {
    const allocations = allocationsOf(volumes)
    const isChosen = ({ thinPool, sparse }: (typeof allocations)[number]) =>
      thinPool === form.thinPool && sparse === form.sparse
    return (
      <>
        <NativeSelect className={className} label="Format" value="raw" disabled data={['raw']} />
        <NativeSelect
          className={className}
          label="Volume"
          value={allocations.find(isChosen)?.label}
          onChange={({ currentTarget }) => {
            const found = allocations.find(({ label }) => label === currentTarget.value)
            if (found) onChange({ thinPool: found.thinPool, sparse: found.sparse })
          }}
          data={allocations.map(({ label }) => label)}
        />
      </>
    )
  }
  return (
    <>
      <NativeSelect
        className={className}
        label="Format"
        value={form.format}
        onChange={({ currentTarget }) => onChange({ format: formatOf(currentTarget.value) })}
        data={targetFormats.map(({ value, label }) => ({ value, label }))}
      />
      {kinds.length > 0 ? (
        <NativeSelect
          className={className}
          label="Kind"
          value={form.subformat ?? kinds[0]}
          onChange={({ currentTarget }) => onChange({ subformat: currentTarget.value })}
          data={kinds.map((value) => ({ value, label: kindLabels[value] ?? value }))}
        />
      ) : (
        <NativeSelect
          className={className}
          label="Compression"
          disabled={compressionsOf(form.format).length === 1}
          value={form.compression}
          onChange={({ currentTarget }) => onChange({ compression: compressionOf(currentTarget.value) })}
          data={compressionsOf(form.format).map((value) => ({ value, label: compressionLabels[value] }))}
        />
      )}
    </>
  )
}

function formatOf(value: string): TargetFormat {
  return targetFormats.find((format) => format.value === value)?.value ?? 'qcow2'
}

function compressionOf(value: string): Compression {
  return value === 'zlib' || value === 'zstd' ? value : 'none'
}
