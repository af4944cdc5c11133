import '@mantine/spotlight/styles.css'
import { createSpotlight, Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTRPC } from '../../data/trpc.ts'
import { currentActions } from './current-actions.ts'
import styles from './palette.module.css'

const [store, spotlight] = createSpotlight()

/** Ctrl-K: go to any host, image or migration, or act on what is open. Opens whenever `opened` counts up. */
export default function Palette({ opened }: { readonly opened: number }) {
  const api = useTRPC()
  const navigate = useNavigate()
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const [query, setQuery] = useState('')
  const [search] = useDebouncedValue(query.trim(), 120)
  useEffect(() => spotlight.open(), [opened])

  const hosts = useQuery(
    api.fleet.hosts.queryOptions({ search, limit: 8 }, { placeholderData: keepPreviousData }),
  )
  const migrations = useQuery(api.migrations.list.queryOptions({ limit: 50 }))
  const images = useQuery(
    api.images.list.queryOptions({ search, limit: 8 }, { placeholderData: keepPreviousData }),
  )

  const isFound = search === query.trim() && !images.isPlaceholderData

  const groups: SpotlightActionGroupData[] = [
    {
      group: 'Here',
      actions: currentActions(path).map(({ label, ...to }) => ({
        id: `here ${label}`,
        label,
        onClick: () => void navigate(to),
      })),
    },
    {
      group: 'Images',
      actions: (images.data?.rows ?? []).map(({ id, name, host, format }) => ({
        id: `image ${id}`,
        label: name,
        description: `${format} on ${host}`,
        // What the controller found for these words matches, whatever part of it they are in.
        keywords: isFound ? [query] : [],
        onClick: () => void navigate({ to: '/images/$id', params: { id } }),
      })),
    },
    {
      group: 'Hosts',
      actions: (hosts.data?.rows ?? []).map(({ name, state, os }) => ({
        id: `host ${name}`,
        label: name,
        description: `${os.name}, ${state}`,
        onClick: () => void navigate({ to: '/hosts/$name', params: { name } }),
      })),
    },
    {
      group: 'Migrations',
      actions: (migrations.data ?? []).map(({ id, number, source, target, state }) => ({
        id: `migration ${id}`,
        label: `${number} · ${source.name} to ${target.host}`,
        description: state,
        onClick: () => void navigate({ to: '/migrations/$id', params: { id } }),
      })),
    },
    {
      group: 'Pages',
      actions: (
        [
          ['/', 'Overview'],
          ['/hosts', 'Hosts'],
          ['/images', 'Images'],
          ['/migrations', 'Migrations'],
          ['/activity', 'Activity'],
          ['/settings', 'Settings'],
        ] as const
      ).map(([to, label]) => ({ id: `page ${label}`, label, onClick: () => void navigate({ to }) })),
    },
  ]

  return (
    <Spotlight
      store={store}
      actions={groups.filter(({ actions }) => actions.length > 0)}
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      limit={24}
      scrollable
      maxHeight={420}
      radius={12}
      shadow="none"
      overlayProps={{ backgroundOpacity: 0.45, blur: 0 }}
      classNames={{ content: styles.content, action: styles.action, actionDescription: styles.description }}
      searchProps={{
        placeholder: 'Go to a host, image or migration',
        'aria-label': 'Go to',
        onKeyDown: ({ key }) => {
          if (key === 'Enter') runFirstUnlessChosen()
        },
      }}
      nothingFound="Nothing has that name"
    />
  )
}

/** Results that arrive late may take the chosen one away: Enter then means the first. */
function runFirstUnlessChosen(): void {
  const actions = [...document.querySelectorAll<HTMLElement>('[role="dialog"] [data-action]')]
  if (!actions.some((action) => action.hasAttribute('data-selected'))) actions[0]?.click()
}
