import { NativeSelect } from '@mantine/core'
import { namedReadingChoices, type NamedReadingChoice } from '@varve/core/image/reading-choices'
import type { PlanView } from '@varve/protocol/plans'
import styles from '../../plans/plan.module.css'
import type { MigrateForm } from './migrate-form.ts'

interface ChoiceWords {
  readonly label: string
  /** What each value means, in the order in which it is offered. */
  readonly values: Readonly<Record<string, string>>
}

const choiceWords: Readonly<Record<NamedReadingChoice, ChoiceWords>> = {
  'vhd-bitmap': {
    label: 'Sectors that its bitmap calls never written',
    values: {
      honour: 'are zeros, as the specification says',
      ignore: 'are their stored bytes, as QEMU reads them',
    },
  },
  'vhd-size': {
    label: 'The size of its disk',
    values: {
      geometry: 'is that of its geometry, as QEMU reads it',
      current: 'is its current size, as Hyper-V reads it',
    },
  },
}

/** The choices between readings that the plan asks for, and those that were made. */
export function openChoices(plan: PlanView | undefined, form: MigrateForm): NamedReadingChoice[] {
  const asked = new Set(plan?.kind === 'refusal' ? plan.problems.map(({ settledBy }) => settledBy) : [])
  const names = Object.keys(namedReadingChoices) as NamedReadingChoice[]
  return names.filter((name) => asked.has(name) || chosen(form, name) !== undefined)
}

function chosen(form: MigrateForm, name: NamedReadingChoice): string | undefined {
  return form.reading[namedReadingChoices[name].choice]
}

interface ReadingFieldsProps {
  readonly form: MigrateForm
  readonly plan: PlanView | undefined
  readonly onChange: (change: Partial<MigrateForm>) => void
}

/** How the source is to be read, where it leaves that open; nothing is chosen beforehand. */
export function ReadingFields({ form, plan, onChange }: ReadingFieldsProps) {
  return openChoices(plan, form).map((name) => {
    const { label, values } = choiceWords[name]
    const value = chosen(form, name) ?? ''
    return (
      <NativeSelect
        key={name}
        className={styles.half}
        label={label}
        error={value === '' ? 'Choose one: nobody can tell from the image.' : null}
        value={value}
        onChange={({ currentTarget }) =>
          onChange({
            reading: {
              ...form.reading,
              [namedReadingChoices[name].choice]:
                currentTarget.value === '' ? undefined : currentTarget.value,
            },
          })
        }
        data={[
          { value: '', label: 'Choose…' },
          ...Object.entries(values).map(([each, words]) => ({ value: each, label: words })),
        ]}
      />
    )
  })
}
