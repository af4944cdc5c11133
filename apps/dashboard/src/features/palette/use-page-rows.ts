import { useMantineColorScheme } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useMe } from '../../data/use-me.ts'
import type { PaletteRow } from './palette-rows.ts'

const pages = [
  ['/', 'Overview', 'start home findings failed offline'],
  ['/hosts', 'Hosts', 'agents machines'],
  ['/images', 'Images', 'disks files'],
  ['/runs', 'Runs', 'migrations moves operations running ended log'],
  ['/activity', 'Activity', 'log history events'],
  ['/audit', 'Audit', 'who changed security signature'],
  ['/people', 'People', 'users admins roles rights keys sessions'],
  ['/account', 'Account', 'password passkeys codes sessions api keys me'],
  ['/settings', 'Settings', 'versions access'],
] as const

const ofAdmins: ReadonlySet<string> = new Set(['/people', '/audit'])

const schemes = [
  ['light', 'Light appearance'],
  ['dark', 'Dark appearance'],
  ['auto', 'Appearance as the system has it'],
] as const

/** The pages, and what can be set. */
export function usePageRows(): readonly PaletteRow[] {
  const navigate = useNavigate()
  const person = useMe().data?.person ?? null
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true })
  return [
    ...pages
      .filter(([to]) => !ofAdmins.has(to) || person?.role === 'admin')
      .map(([to, label, keywords]) => ({
        id: `page ${label}`,
        label,
        more: 'page',
        keywords,
        run: () => void navigate({ to }),
      })),
    {
      id: 'setting join',
      label: 'Let another host join',
      more: 'setting',
      keywords: 'add agent command',
      run: () => void navigate({ to: '/settings' }),
    },
    ...(person === null || person.id === null
      ? []
      : [
          {
            id: 'sign out',
            label: 'Sign out',
            more: person.name,
            keywords: 'leave log out logout end session',
            run: () => void import('../../data/sign-out.ts').then(({ signOut }) => signOut()),
          },
        ]),
    ...schemes
      .filter(([scheme]) => scheme !== colorScheme)
      .map(([scheme, label]) => ({
        id: `setting ${scheme}`,
        label,
        more: 'setting',
        keywords: 'theme colour color mode scheme',
        run: () => setColorScheme(scheme),
      })),
  ]
}
