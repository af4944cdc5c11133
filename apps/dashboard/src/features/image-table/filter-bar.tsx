import { NativeSelect } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { groupThousands } from '@varve/core/units/format-bytes'
import { useRef } from 'react'
import { FilterRow } from '../../components/filter-row.tsx'
import { SearchField } from '../../components/search-field.tsx'
import { useTRPC } from '../../data/trpc.ts'
import { formats, searchToChips, type ImageSearch } from './image-search.ts'
import styles from './image-table.module.css'

interface FilterBarProps {
  readonly search: ImageSearch
  readonly total: number | null
  readonly onChange: (change: { [K in keyof ImageSearch]?: ImageSearch[K] | undefined }) => void
}

/** Search as you type, filters to add, and a chip to remove each. */
export function FilterBar({ search, total, onChange }: FilterBarProps) {
  const api = useTRPC()
  const hosts = useQuery(api.fleet.hosts.queryOptions({ limit: 500 }))
  const input = useRef<HTMLInputElement>(null)
  useHotkeys([['/', () => input.current?.focus()]])
  return (
    <FilterRow
      label="Images"
      shown={total === null ? '' : `${groupThousands(total)} ${total === 1 ? 'image' : 'images'}`}
    >
      <SearchField
        label="Search images"
        placeholder="Search by name"
        value={search.q ?? ''}
        onSettled={(q) => onChange({ q: q === '' ? undefined : q })}
        onLeave={() => document.querySelector<HTMLElement>('[data-images-grid]')?.focus()}
        input={input}
      />
      {search.host === undefined && (
        <Add
          label="Host"
          options={(hosts.data?.rows ?? []).map(({ name }) => name)}
          onAdd={(host) => onChange({ host })}
        />
      )}
      {search.format === undefined && (
        <Add
          label="Format"
          options={formats}
          onAdd={(value) => onChange({ format: formats.find((format) => format === value) })}
        />
      )}
      {search.findings === undefined && (
        <Add
          label="Findings"
          options={['any', 'warn', 'block']}
          onAdd={(value) => onChange({ findings: value === 'warn' || value === 'block' ? value : 'any' })}
        />
      )}
      {searchToChips(search).map(({ key, label }) => (
        <button
          key={key}
          type="button"
          className={styles.chip}
          aria-label={`Remove the filter ${label}`}
          onClick={() => onChange({ [key]: undefined })}
        >
          {label} <span aria-hidden>×</span>
        </button>
      ))}
    </FilterRow>
  )
}

interface AddProps {
  readonly label: string
  readonly options: readonly string[]
  readonly onAdd: (value: string) => void
}

function Add({ label, options, onAdd }: AddProps) {
  return (
    <NativeSelect
      aria-label={`Filter by ${label.toLowerCase()}`}
      value=""
      onChange={({ currentTarget }) => onAdd(currentTarget.value)}
      data={[{ value: '', label }, ...options.map((option) => ({ value: option, label: option }))]}
      className={styles.add}
    />
  )
}
