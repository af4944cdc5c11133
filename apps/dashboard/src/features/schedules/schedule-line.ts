import { countOf } from '@varve/core/units/format-bytes'
import type { ScheduleView } from '@varve/protocol/schedules'
import { scheduleStateWords } from '@varve/protocol/schedule-words'
import { timeToWords } from '../../components/time-to-words.ts'

/** What a schedule does now, where that is not told by when its next image is due. */
export function nowWords(schedule: ScheduleView): string | null {
  return schedule.state === 'idle' ? null : scheduleStateWords(schedule)
}

/** When the next image is due: `in 4 hours`, or `now`. */
export function aheadWords(at: number, now: number): string {
  if (at <= now) return 'now'
  const words = timeToWords(now, at)
  return words.endsWith(' ago') ? `in ${words.slice(0, -' ago'.length)}` : 'now'
}

/** Images that are passed over; null: there are none. */
export function passedOverWords({ withoutManifest, images, problem }: ScheduleView): string | null {
  if (withoutManifest === null)
    return problem === null ? 'looking for manifests' : 'its manifests are not known'
  if (withoutManifest === 0) return null
  if (withoutManifest === images) return 'no image has a manifest yet'
  return `${withoutManifest} without manifest`
}

/** What could not be verified, with the newest reason; null: nothing. */
export function failedWords({ failed }: ScheduleView): string | null {
  if (failed === null) return null
  const { images, newest } = failed
  return `${countOf(images, 'image')} could not be verified, last ${newest.name}: ${newest.error.message}`
}
