import { expect, test } from 'vitest'
import { trainConfig } from './train-config.ts'

test('no password comes into a recipe, and from there into what is written and logged', () => {
  const at = (uri: string) => trainConfig.safeParse({ track: { mlflow: { uri, experiment: 'e' } } }).success
  expect([at('https://mlflow.example:5000/a@b'), at('https://me:secret@mlflow.example')]).toEqual([true, false])
})
