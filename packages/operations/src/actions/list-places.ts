import { countOf } from '@varve/core/units/format-bytes'
import { PlacesView } from '@varve/protocol/places'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Asks the host where images can be: volume groups, pools, subvolumes, folders. */
export const listPlaces = defineAction({
  name: 'list-places',
  layer: 'all',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({})),
  outcome: PlacesView,
  words: () => ({
    title: 'Look at the places of the host',
    does: 'Asks LVM, ZFS, Btrfs and the mounted filesystems what they hold and what room they have, and changes nothing.',
  }),
  told: ({ groups, zpools, folders }) =>
    [
      countOf(groups.length, 'volume group'),
      countOf(zpools.length, 'ZFS pool'),
      countOf(folders.length, 'folder'),
    ].join(', '),
  undo: () => [],
})
