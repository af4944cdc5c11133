import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core'
import type { ScheduleView } from '@varve/protocol/schedules'
import { useState } from 'react'
import { problemsOf, toForm, toWish } from './schedule-form.ts'
import styles from './schedules.module.css'
import { useScheduleActions } from './use-schedule-actions.ts'

interface ScheduleFieldsProps {
  readonly host: string
  readonly library: string
  readonly schedule: ScheduleView | null
  readonly onDone: () => void
}

/** How often, in which part of the day, on or off. */
export function ScheduleFields({ host, library, schedule, onDone }: ScheduleFieldsProps) {
  const [form, setForm] = useState(() => toForm(schedule))
  const { set, remove } = useScheduleActions()
  const place = { host, library }
  const wish = toWish(form, place)
  const problems = problemsOf(form)
  return (
    <form
      className={styles.form}
      aria-label={`Schedule of ${library}`}
      onSubmit={(event) => {
        event.preventDefault()
        if (wish) set.mutate(wish, { onSuccess: onDone })
      }}
    >
      <TextInput
        label="Every"
        className={styles.count}
        value={form.count}
        inputMode="decimal"
        error={problems.count}
        onChange={({ currentTarget }) => setForm({ ...form, count: currentTarget.value })}
      />
      <NativeSelect
        aria-label="Unit"
        className={styles.unit}
        value={form.unit}
        data={['days', 'hours']}
        onChange={({ currentTarget }) =>
          setForm({ ...form, unit: currentTarget.value === 'hours' ? 'hours' : 'days' })
        }
      />
      <TextInput
        type="time"
        label="Begin from"
        value={form.from}
        error={problems.window}
        onChange={({ currentTarget }) => setForm({ ...form, from: currentTarget.value })}
      />
      <TextInput
        type="time"
        label={schedule === null ? 'to' : `to (${schedule.zone})`}
        value={form.to}
        onChange={({ currentTarget }) => setForm({ ...form, to: currentTarget.value })}
      />
      <Checkbox
        label="On"
        checked={form.isOn}
        onChange={({ currentTarget }) => setForm({ ...form, isOn: currentTarget.checked })}
      />
      <div className={styles.buttons}>
        <Button type="submit" size="xs" variant="filled" loading={set.isPending} disabled={wish === null}>
          {schedule === null ? 'Set' : 'Save'}
        </Button>
        {schedule !== null && (
          <Button
            size="xs"
            color="bad"
            loading={remove.isPending}
            onClick={() => remove.mutate(place, { onSuccess: onDone })}
          >
            Remove
          </Button>
        )}
        <Button size="xs" onClick={onDone}>
          Leave as it is
        </Button>
      </div>
    </form>
  )
}
