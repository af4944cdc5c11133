import { NativeSelect, TextInput } from '@mantine/core'
import styles from '../../plans/plan.module.css'
import type { Field, Values } from './face.ts'

interface FieldsProps {
  readonly fields: readonly Field[]
  readonly values: Values
  readonly onChange: (change: Values) => void
}

/** The lines of a form; a dialog begins with the first of them. */
export function Fields({ fields, values, onChange }: FieldsProps) {
  if (fields.length === 0) return null
  return (
    <div className={styles.form}>
      {fields.map((field, at) => (
        <OneField
          key={field.key}
          field={field}
          isFirst={at === 0}
          value={values[field.key] ?? ''}
          onChange={(value) => onChange({ [field.key]: value })}
        />
      ))}
    </div>
  )
}

interface OneFieldProps {
  readonly field: Field
  readonly isFirst: boolean
  readonly value: string
  readonly onChange: (value: string) => void
}

function OneField({ field, isFirst, value, onChange }: OneFieldProps) {
  const { label, description } = field
  const shared = {
    label,
    description,
    className: styles[field.width],
    // Dialogs begin there.
    ...(isFirst ? { 'data-autofocus': true } : {}),
  }
  switch (field.kind) {
    case 'text':
      return (
        <TextInput
          {...shared}
          value={value}
          placeholder={field.placeholder}
          error={field.problem?.(value) ?? null}
          spellCheck={false}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )
    case 'choice':
      return (
        <NativeSelect
          {...shared}
          value={value}
          disabled={field.options.length < 2}
          data={field.options.map((option) => ({ ...option }))}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )
  }
}
