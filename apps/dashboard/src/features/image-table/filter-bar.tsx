import { NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { groupThousands } from '@varve/core/binary/format-bytes'
import { useRef, useState } from 'react'
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
    <search className={styles.bar} aria-label="Images">
      <SearchField
        value={search.q ?? ''}
        onSettled={(q) => onChange({ q: q === '' ? undefined : q })}
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
      <output className={styles.total}>
        {total === null ? '' : `${groupThousands(total)} ${total === 1 ? 'image' : 'images'}`}
      </output>
    </search>
  )
}

interface SearchFieldProps {
  readonly value: string
  readonly onSettled: (value: string) => void
  readonly input: React.RefObject<HTMLInputElement | null>
}

function SearchField({ value, onSettled, input }: SearchFieldProps) {
  const [typed, setTyped] = useState(value)
  // What comes back from the URL is not typed over what was typed since; what came from elsewhere is shown.
  const [seen, setSeen] = useState(value)
  const [sent, setSent] = useState(value)
  if (value !== seen) {
    setSeen(value)
    if (value !== sent) setTyped(value)
  }
  const settle = useDebouncedCallback((words: string) => {
    setSent(words)
    onSettled(words)
  }, 180)
  const type = (words: string) => {
    setTyped(words)
    settle(words)
  }
  return (
    <TextInput
      ref={input}
      className={styles.search}
      type="search"
      aria-label="Search images"
      placeholder="Search by name"
      leftSection={<IconSearch size={15} />}
      value={typed}
      onChange={({ currentTarget }) => type(currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        if (event.key === 'Escape') type('')
        document.querySelector<HTMLElement>('[data-images-grid]')?.focus()
      }}
    />
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
