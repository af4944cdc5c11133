import type { NavigateOptions } from '@tanstack/react-router'

export type CurrentAction = NavigateOptions & { readonly label: string }

/** What can be done with the object that the page at `path` shows. */
export function currentActions(path: string): readonly CurrentAction[] {
  const [, page, rawId] = path.split('/')
  if (rawId === undefined || rawId === '') return []
  const id = decodeURIComponent(rawId)
  switch (page) {
    case 'images':
      return [{ label: 'Migrate this image…', to: '/images/$id', params: { id }, search: { migrate: true } }]
    case 'migrations':
      return [
        { label: 'Cancel this migration…', to: '/migrations/$id', params: { id }, search: { cancel: true } },
      ]
    case 'hosts':
      return [{ label: 'Show the images of this host', to: '/images', search: { host: id } }]
    default:
      return []
  }
}
