import { NativeSelect } from '@mantine/core'
import { FilterRow } from '../../components/filter-row.tsx'
import { SearchField } from '../../components/search-field.tsx'
import type { RunLine } from './run-line.ts'
import { runChoices, toRunSearch, type RunSearch } from './run-search.ts'

interface RunFiltersProps {
  readonly search: RunSearch
  readonly lines: readonly RunLine[]
  readonly shown: number
  readonly onChange: (search: RunSearch) => void
}

const states = [
  ['', 'Any state'],
  ['open', 'Open'],
  ['ended', 'Ended'],
  ['succeeded', 'Done'],
  ['failed', 'Failed'],
  ['canceled', 'Canceled'],
  ['undone', 'Undone'],
] as const

/** Narrows the list of runs by words, state, host and operation. */
export function RunFilters({ search, lines, shown, onChange }: RunFiltersProps) {
  const { hosts, operations } = runChoices(lines)
  const change = (part: Record<string, string>) => onChange(toRunSearch({ ...search, ...part }))
  const withChosen = (values: readonly string[], chosen: string | undefined) =>
    chosen === undefined || values.includes(chosen) ? [...values] : [...values, chosen]
  return (
    <FilterRow label="Runs" shown={`${shown} of ${lines.length}`}>
      <SearchField
        label="Search runs"
        placeholder="Search by image or host"
        value={search.q ?? ''}
        onSettled={(q) => change({ q })}
      />
      <NativeSelect
        aria-label="State"
        value={search.state ?? ''}
        onChange={({ currentTarget }) => change({ state: currentTarget.value })}
        data={states.map(([value, label]) => ({ value, label }))}
      />
      <NativeSelect
        aria-label="Host"
        value={search.host ?? ''}
        onChange={({ currentTarget }) => change({ host: currentTarget.value })}
        data={[{ value: '', label: 'Any host' }, ...withChosen(hosts, search.host)]}
      />
      <NativeSelect
        aria-label="Operation"
        value={search.operation ?? ''}
        onChange={({ currentTarget }) => change({ operation: currentTarget.value })}
        data={[{ value: '', label: 'Any operation' }, ...withChosen(operations, search.operation)]}
      />
    </FilterRow>
  )
}
