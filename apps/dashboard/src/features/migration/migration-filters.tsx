import { NativeSelect } from '@mantine/core'
import type { MigrationView } from '@varve/protocol/migrations'
import { FilterRow } from '../../components/filter-row.tsx'
import { SearchField } from '../../components/search-field.tsx'
import { migrationChoices, toMigrationSearch, type MigrationSearch } from './migration-search.ts'

interface MigrationFiltersProps {
  readonly search: MigrationSearch
  readonly migrations: readonly MigrationView[]
  readonly shown: number
  readonly onChange: (search: MigrationSearch) => void
}

const states = [
  ['', 'Any state'],
  ['active', 'Running'],
  ['succeeded', 'Verified'],
  ['failed', 'Failed'],
  ['canceled', 'Canceled'],
] as const

/** Narrows the list of migrations by words, state, host and target format. */
export function MigrationFilters({ search, migrations, shown, onChange }: MigrationFiltersProps) {
  const { hosts, formats } = migrationChoices(migrations)
  const change = (part: Record<string, string>) => onChange(toMigrationSearch({ ...search, ...part }))
  return (
    <FilterRow label="Migrations" shown={`${shown} of ${migrations.length}`}>
      <SearchField
        label="Search migrations"
        placeholder="Search by image, target or host"
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
        data={[{ value: '', label: 'Any host' }, ...hosts]}
      />
      <NativeSelect
        aria-label="Target format"
        value={search.format ?? ''}
        onChange={({ currentTarget }) => change({ format: currentTarget.value })}
        data={[{ value: '', label: 'Any format' }, ...formats]}
      />
    </FilterRow>
  )
}
